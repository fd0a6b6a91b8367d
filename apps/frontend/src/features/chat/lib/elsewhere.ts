/** Answers that were begun elsewhere: in another tab, by a program, or before this page was loaded. */
import type { Conversation } from "@/api/types";
import { fetchMessage } from "../api/messages";
import { outgoingOf } from "./outbox";
import { isWatched, watchStream } from "./stream-hub";

/** What is older has ended, or is as good as over. */
const longestMs = 10 * 60_000;

function isSending(id: string): boolean {
  return [id, null].some((key) => outgoingOf(key).get()?.phase === "sending");
}

/** Follows the last message of a chat if it is still being written. */
export async function watchLeaf(conversation: Conversation): Promise<void> {
  const { id, active_message_id: leaf, updated_at } = conversation;
  const isOld = Date.now() - new Date(updated_at).getTime() > longestMs;
  // What this page sends it watches by itself.
  if (leaf === null || isOld || isWatched(leaf) || isSending(id)) return;
  // Without it there is no sign in the list, and nothing else is missing.
  const message = await fetchMessage(leaf).catch(() => null);
  if (message?.status === "streaming") watchStream(message);
}
