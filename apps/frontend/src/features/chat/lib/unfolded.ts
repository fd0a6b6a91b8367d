/** The messages that are open: a long one, the reasoning of an answer. Kept here, for a row may be scrolled out of what is drawn. */
import { createStore } from "@/lib/store";

export const unfolded = createStore<ReadonlySet<string>>(new Set());

export function fold(messageId: string): void {
  unfolded.set(new Set([...unfolded.get()].filter((id) => id !== messageId)));
}

export function unfold(messageId: string): void {
  unfolded.set(new Set([...unfolded.get(), messageId]));
}
