/**
 * What is typed but not sent, per conversation. It survives reloads; a text on its way to the
 * server counts as not sent until the server has it, so that no accident can lose it.
 */
import { readStored, removeStored, removeStoredUnder, writeStored } from "@/lib/storage";
import { createStore, type Store } from "@/lib/store";

/** The draft of a conversation that does not exist yet. */
export const newDraft = "new";

const draftKey = (id: string) => `draft.${id}`;
const sendingKey = (id: string) => `sending.${id}`;
const drafts = new Map<string, Store<string>>();
const writeAfterMs = 250;

export function draftOf(id: string): Store<string> {
  const known = drafts.get(id);
  if (known) return known;
  const store = createStore(join(readStored(sendingKey(id)), readStored(draftKey(id))));
  removeStored(sendingKey(id));
  drafts.set(id, store);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    if (drafts.get(id) !== store) return;
    if (store.get() === "") removeStored(draftKey(id));
    else writeStored(draftKey(id), store.get());
  };
  store.subscribe(() => {
    clearTimeout(timer);
    timer = setTimeout(write, writeAfterMs);
  });
  globalThis.addEventListener("pagehide", write);
  return store;
}

function join(...texts: (string | null)[]): string {
  return texts.filter((text) => text !== null && text !== "").join("\n\n");
}

export function beginSending(id: string, text: string): void {
  writeStored(sendingKey(id), text);
  draftOf(id).set("");
}

export function endSending(id: string): void {
  removeStored(sendingKey(id));
}

/** The text comes back before whatever was typed since. */
export function returnToDraft(id: string, text: string): void {
  removeStored(sendingKey(id));
  const draft = draftOf(id);
  draft.set(join(text, draft.get()));
}

/** At sign-out: the next person at this machine must not find them. */
export function forgetDrafts(): void {
  drafts.clear();
  removeStoredUnder("draft.");
  removeStoredUnder("sending.");
}
