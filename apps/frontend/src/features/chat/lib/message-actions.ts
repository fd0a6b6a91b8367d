/** What can be done with an answer. One at a time in each conversation; a failure is told in a toast. */
import { errorText } from "@/api/problem";
import type { Message } from "@/api/types";
import { createStores, type Store } from "@/lib/store";
import { showToast } from "@/lib/toasts";
import { storeConversation } from "../api/conversations";
import { forksChanged, showThrough } from "../api/forks";
import {
  addMessage,
  refreshMessages,
  continueMessage,
  postMessage,
  regenerateMessage,
  stopMessage,
  storeMessage,
} from "../api/messages";
import { endEdit, keyOfEdit } from "./editing";
import { finishStream, watchStream } from "./stream-hub";

export type ActionName = "continue" | "regenerate" | "edit" | "show";

/** What is under way in a conversation; each has its own, for a reply may be long in coming. */
export const pendingIn = createStores<ActionName | null>(null);
/** Whether an answer is being stopped, by its id. To stop is possible whatever else is under way. */
export const stopping = createStores(false);

/** Whether it was carried out. */
async function run<T>(store: Store<T>, busy: T, act: () => Promise<void>): Promise<boolean> {
  const idle = store.get();
  if (idle) return false;
  store.set(busy);
  try {
    await act();
    return true;
  } catch (error) {
    showToast({ tone: "danger", text: errorText(error) });
    return false;
  } finally {
    store.set(idle);
  }
}

export function stopAnswer(message: Message): Promise<boolean> {
  return run(stopping(message.id), true, async () => {
    finishStream(await stopMessage(message.id));
  });
}

/** The same message goes on from its committed prefix. */
export function continueAnswer(message: Message): Promise<boolean> {
  return run(pendingIn(message.conversation_id), "continue", async () => {
    const resumed = await continueMessage(message.id);
    storeMessage(resumed);
    if (resumed.status === "streaming") watchStream(resumed);
  });
}

/** A new answer beside the old one, which stays in the tree. */
export function regenerateAnswer(message: Message): Promise<boolean> {
  return run(pendingIn(message.conversation_id), "regenerate", async () => {
    const sibling = await regenerateMessage(message.id);
    addMessage(sibling);
    forksChanged(sibling.conversation_id);
    if (sibling.status === "streaming") watchStream(sibling);
  });
}

/** Another wording beside the old one, with its own answer; the old branch stays. */
export function sendEdit(message: Message, content: string): Promise<boolean> {
  return run(pendingIn(message.conversation_id), "edit", async () => {
    const body = { content, parent_id: message.parent_id };
    const key = keyOfEdit(message.id, content);
    const pair = await postMessage(message.conversation_id, body, key);
    endEdit(message);
    addMessage(pair.user_message);
    addMessage(pair.assistant_message);
    forksChanged(message.conversation_id);
    if (pair.assistant_message.status === "streaming") watchStream(pair.assistant_message);
  });
}

/** Resolves when the branch with this message is shown, or cannot be. */
export function showBranch(conversationId: string, messageId: string): Promise<boolean> {
  return run(pendingIn(conversationId), "show", async () => {
    storeConversation(await showThrough(conversationId, messageId));
    await refreshMessages(conversationId);
  });
}
