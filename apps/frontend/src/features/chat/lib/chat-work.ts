/** Which chats are being answered, and which were answered and not looked at since. */
import { createStore } from "@/lib/store";

const none: ReadonlySet<string> = new Set();

export const working = createStore(none);
export const unseen = createStore(none);
/** The chat that is open, whether or not somebody looks at it now. */
let open: string | null = null;

function isLookedAt(conversationId: string): boolean {
  return conversationId === open && document.visibilityState === "visible";
}

/** An answer that belongs to none of what is on the screen. */
export function isElsewhere(conversationId: string): boolean {
  return open !== null && open !== conversationId;
}

export function setWorking(conversationIds: Iterable<string>): void {
  working.set(new Set(conversationIds));
}

export function noteAnswered(conversationId: string): void {
  if (!isLookedAt(conversationId)) unseen.set(new Set([...unseen.get(), conversationId]));
}

export function setOpenChat(conversationId: string | null): void {
  open = conversationId;
  lookAtOpen();
}

/** Also when the tab comes to the front again. */
export function lookAtOpen(): void {
  const seen = open;
  if (seen === null || !isLookedAt(seen) || !unseen.get().has(seen)) return;
  unseen.set(new Set([...unseen.get()].filter((id) => id !== seen)));
}

export function forgetWork(): void {
  working.set(none);
  unseen.set(none);
}
