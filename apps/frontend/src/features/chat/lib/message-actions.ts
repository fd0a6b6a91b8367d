/** What can be done with an answer. One at a time; a failure is told in a toast. */
import { errorText } from "@/api/problem";
import type { Message } from "@/api/types";
import { createStore } from "@/lib/store";
import { showToast } from "@/lib/toasts";
import { storeConversation } from "../api/conversations";
import { forksChanged, showThrough } from "../api/forks";
import {
  addMessage,
  branchChanged,
  continueMessage,
  postMessage,
  regenerateMessage,
  stopMessage,
  storeMessage,
} from "../api/messages";
import { endEdit, keyOfEdit } from "./editing";
import { finishStream, watchStream } from "./stream-hub";

export type ActionName = "stop" | "continue" | "regenerate" | "edit" | "show";

export const pendingAction = createStore<ActionName | null>(null);

/** Whether it was carried out. */
async function run(name: ActionName, act: () => Promise<void>): Promise<boolean> {
  if (pendingAction.get() !== null) return false;
  pendingAction.set(name);
  try {
    await act();
    return true;
  } catch (error) {
    showToast({ tone: "danger", text: errorText(error) });
    return false;
  } finally {
    pendingAction.set(null);
  }
}

export function stopAnswer(message: Message): Promise<boolean> {
  return run("stop", async () => {
    finishStream(await stopMessage(message.id));
  });
}

/** The same message goes on from its committed prefix. */
export function continueAnswer(message: Message): Promise<boolean> {
  return run("continue", async () => {
    const resumed = await continueMessage(message.id);
    storeMessage(resumed);
    if (resumed.status === "streaming") watchStream(resumed);
  });
}

/** A new answer beside the old one, which stays in the tree. */
export function regenerateAnswer(message: Message): Promise<boolean> {
  return run("regenerate", async () => {
    const sibling = await regenerateMessage(message.id);
    addMessage(sibling);
    forksChanged(sibling.conversation_id);
    if (sibling.status === "streaming") watchStream(sibling);
  });
}

/** Another wording beside the old one, with its own answer; the old branch stays. */
export function sendEdit(message: Message, content: string): Promise<boolean> {
  return run("edit", async () => {
    const body = { content, parent_id: message.parent_id };
    const key = keyOfEdit(message.id, content);
    const pair = await postMessage(message.conversation_id, body, key);
    endEdit();
    addMessage(pair.user_message);
    addMessage(pair.assistant_message);
    forksChanged(message.conversation_id);
    if (pair.assistant_message.status === "streaming") watchStream(pair.assistant_message);
  });
}

/** Resolves when the branch with this message is shown, or cannot be. */
export function showBranch(conversationId: string, messageId: string): Promise<boolean> {
  return run("show", async () => {
    storeConversation(await showThrough(conversationId, messageId));
    await branchChanged(conversationId);
  });
}
