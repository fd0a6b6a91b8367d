/**
 * What is typed but not sent, per conversation. It survives reloads; a text on its way to the
 * server counts as not sent until the server has it, so that no accident can lose it.
 */
import {
  onStoredElsewhere,
  readStored,
  removeStored,
  removeStoredUnder,
  writeStored,
} from "@/lib/storage";
import { createStore, type Store } from "@/lib/store";
import { dropSending, forgetSendings, releaseSending, takeLeftSending } from "./sending";

/** The draft of a conversation that does not exist yet. */
export const newDraft = "new";

/** The draft of an edit: of a message of the conversation that is written anew. */
export function editDraft(conversationId: string, messageId: string): string {
  return `${conversationId}.${messageId}`;
}

const draftKey = (id: string) => `draft.${id}`;
const drafts = new Map<string, Store<string>>();
/** Those that were changed here and are not written yet, until then. */
const unwritten = new Map<string, ReturnType<typeof setTimeout>>();
const writeAfterMs = 250;

export function draftOf(id: string): Store<string> {
  const known = drafts.get(id);
  if (known) return known;
  const left = takeLeftSending(id);
  const store = createStore(join(left, readStored(draftKey(id))));
  drafts.set(id, store);
  if (left !== null) write(id);
  store.subscribe(() => {
    if (drafts.get(id) !== store) return;
    if (store.get() === "") releaseSending(id);
    settle(id);
    unwritten.set(
      id,
      setTimeout(() => write(id), writeAfterMs),
    );
  });
  return store;
}

function settle(id: string): void {
  clearTimeout(unwritten.get(id));
  unwritten.delete(id);
}

function write(id: string): void {
  settle(id);
  const text = drafts.get(id)?.get() ?? "";
  if (text === "") removeStored(draftKey(id));
  else writeStored(draftKey(id), text);
}

/** What was not changed here may have been changed in another tab, and is left as it is there. */
function writeChanged(): void {
  for (const id of [...unwritten.keys()]) write(id);
}

globalThis.addEventListener("pagehide", writeChanged);
document.addEventListener("visibilitychange", () => {
  // The timers of a hidden page may be a minute late.
  if (document.visibilityState === "hidden") writeChanged();
});
onStoredElsewhere("draft.", (id, text) => {
  if (unwritten.has(id)) return;
  drafts.get(id)?.set(text ?? "");
  settle(id);
});

function join(...texts: (string | null)[]): string {
  return texts.filter((text) => text !== null && text !== "").join("\n\n");
}

/** The text is on its way, and comes back if it does not arrive. */
export function clearDraft(id: string): void {
  draftOf(id).set("");
}

/** The text comes back before whatever was typed since. Written at once: the page may be on its way out. */
export function returnToDraft(id: string, text: string): void {
  const draft = draftOf(id);
  draft.set(join(text, draft.get()));
  write(id);
}

/** The conversation is there no more, and cannot come back: nor can what was written anew in it. */
export function forgetDraft(id: string): void {
  const edits = editDraft(id, "");
  for (const known of [...drafts.keys()].filter((key) => key === id || key.startsWith(edits))) {
    settle(known);
    drafts.delete(known);
  }
  removeStored(draftKey(id));
  removeStoredUnder(draftKey(edits));
  dropSending(id);
}

/** What this tab holds of them, for it is not of the one who is signed in now. */
export function releaseDrafts(): void {
  for (const id of [...unwritten.keys()]) settle(id);
  drafts.clear();
}

/** At sign-out: the next person at this machine must not find them. */
export function forgetDrafts(): void {
  releaseDrafts();
  removeStoredUnder("draft.");
  forgetSendings();
}
