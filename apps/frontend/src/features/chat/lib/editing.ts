/** The message that is being written anew. Kept here, for its row may be scrolled out of what is drawn. */
import { randomKey } from "@/lib/id";
import { createStore } from "@/lib/store";

export type Edit = { id: string; text: string };

export const editing = createStore<Edit | null>(null);

export function beginEdit(id: string, text: string): void {
  editing.set({ id, text });
}

export function endEdit(): void {
  editing.set(null);
  keyed = null;
}

let keyed: (Edit & { key: string }) | null = null;

/** The same for each attempt to send the same words: they must not be carried out twice. */
export function keyOfEdit(id: string, text: string): string {
  if (keyed?.id !== id || keyed.text !== text) keyed = { id, text, key: randomKey() };
  return keyed.key;
}
