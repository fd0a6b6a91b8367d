/**
 * The text of each conversation that was sent last and is not known to have arrived. It is kept with its key, over reloads
 * too: sent again unchanged, it must not be carried out twice.
 */
import { randomKey } from "@/lib/id";
import { readStored, removeStored, removeStoredUnder, writeStored } from "@/lib/storage";

export type Sending = {
  text: string;
  modelId: string | null;
  key: string;
  /** Of a new chat: the conversation that was made for it. */
  conversationId: string | null;
};

/** The page that waits for the reply; none, since that page was left; or the draft that the text went back to. */
type Holder = { page: string } | "nobody" | "draft";
type Kept = Sending & { holder: Holder; since: number };

/** Longer than any request waits: the page that held it was ended without being told so. */
const heldAtMostMs = 120_000;
const thisPage = randomKey();
const keyPrefix = "sending.";
const heldHere = new Set<string>();
/** Where nothing can be stored, for as long as the page is there. */
const unstored = new Map<string, string>();

function read(id: string): Kept | null {
  const kept = unstored.get(id) ?? readStored(keyPrefix + id);
  try {
    return kept === null ? null : (JSON.parse(kept) as Kept);
  } catch {
    return null;
  }
}

function keep(id: string, kept: Kept): void {
  const value = JSON.stringify(kept);
  if (writeStored(keyPrefix + id, value)) unstored.delete(id);
  else unstored.set(id, value);
}

export function lastSending(id: string): Sending | null {
  return read(id);
}

export function holdSending(id: string, sending: Sending): void {
  heldHere.add(id);
  keep(id, { ...sending, holder: { page: thisPage }, since: Date.now() });
}

/** It is a draft again, and still has its key. */
export function giveBackSending(id: string, sending: Sending): void {
  heldHere.delete(id);
  keep(id, { ...sending, holder: "draft", since: Date.now() });
}

/** Its draft was emptied: the same words, should they be sent once more, are meant. */
export function releaseSending(id: string): void {
  const kept = read(id);
  if (kept?.holder === "draft") keep(id, { ...kept, text: "", key: randomKey() });
}

export function dropSending(id: string): void {
  heldHere.delete(id);
  unstored.delete(id);
  removeStored(keyPrefix + id);
}

/** A text that nobody waits for any more, for whoever asks first. */
export function takeLeftSending(id: string): string | null {
  const kept = read(id);
  if (kept === null || kept.holder === "draft") return null;
  if (kept.holder !== "nobody" && Date.now() - kept.since < heldAtMostMs) return null;
  keep(id, { ...kept, holder: "draft" });
  return kept.text;
}

export function forgetSendings(): void {
  heldHere.clear();
  unstored.clear();
  removeStoredUnder(keyPrefix);
}

globalThis.addEventListener("pagehide", () => {
  for (const id of heldHere) {
    const kept = read(id);
    if (kept !== null) keep(id, { ...kept, holder: "nobody" });
  }
});
