import { createStore } from "./store";

/** What the page's polite live region says to screen readers. */
export const announcement = createStore({ text: "" });

export function announce(text: string): void {
  // The same words twice are no change, and no change is not read; a trailing space makes it one.
  announcement.set({ text: announcement.get().text === text ? `${text} ` : text });
}
