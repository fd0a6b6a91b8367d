/**
 * The message that is being written anew. Kept here, for its row may be scrolled out of what is drawn. Its words are a draft
 * until they are sent or given up, so that neither another edit nor a reload loses them.
 */
import type { Message } from "@/api/types";
import { randomKey } from "@/lib/id";
import { createStore, type Store } from "@/lib/store";
import { draftOf, editDraft } from "./drafts";

export type Edit = { id: string; text: string };

export const editing = createStore<Edit | null>(null);

/** The words for it that were not sent; empty where there are none. */
export function unsentEdit({ conversation_id, id }: Message): Store<string> {
  return draftOf(editDraft(conversation_id, id));
}

export function beginEdit(message: Message): void {
  const unsent = unsentEdit(message).get();
  editing.set({ id: message.id, text: unsent === "" ? message.content : unsent });
}

export function changeEdit(message: Message, text: string): void {
  editing.set({ id: message.id, text });
  unsentEdit(message).set(text === message.content ? "" : text);
}

/** It was sent, or given up. Another one may have been begun since. */
export function endEdit(message: Message): void {
  unsentEdit(message).set("");
  keys.delete(message.id);
  if (editing.get()?.id === message.id) editing.set(null);
}

/** The words are left to the drafts. */
export function closeEdit(): void {
  editing.set(null);
  keys.clear();
}

const keys = new Map<string, { text: string; key: string }>();

/** The same for each attempt to send the same words: they must not be carried out twice. */
export function keyOfEdit(id: string, text: string): string {
  const known = keys.get(id);
  if (known?.text === text) return known.key;
  const key = randomKey();
  keys.set(id, { text, key });
  return key;
}
