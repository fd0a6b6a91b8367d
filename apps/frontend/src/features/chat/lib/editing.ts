/** The message that is being written anew. Kept here, for its row may be scrolled out of what is drawn. */
import { createStore } from "@/lib/store";

export type Edit = { id: string; text: string };

export const editing = createStore<Edit | null>(null);

export function beginEdit(id: string, text: string): void {
  editing.set({ id, text });
}

export function endEdit(): void {
  editing.set(null);
}
