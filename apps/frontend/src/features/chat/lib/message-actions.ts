/** What can be done with an answer. One at a time; a failure is told in a toast. */
import { errorText } from "@/api/problem";
import type { Message } from "@/api/types";
import { createStore } from "@/lib/store";
import { showToast } from "@/lib/toasts";
import {
  addMessage,
  continueMessage,
  regenerateMessage,
  stopMessage,
  storeMessage,
} from "../api/messages";
import { finishStream, watchStream } from "./stream-hub";

export type ActionName = "stop" | "continue" | "regenerate";

export const pendingAction = createStore<ActionName | null>(null);

async function run(name: ActionName, act: () => Promise<void>): Promise<void> {
  if (pendingAction.get() !== null) return;
  pendingAction.set(name);
  try {
    await act();
  } catch (error) {
    showToast({ tone: "danger", text: errorText(error) });
  } finally {
    pendingAction.set(null);
  }
}

export function stopAnswer(message: Message): Promise<void> {
  return run("stop", async () => {
    finishStream(await stopMessage(message.id));
  });
}

/** The same message goes on from its committed prefix. */
export function continueAnswer(message: Message): Promise<void> {
  return run("continue", async () => {
    const resumed = await continueMessage(message.id);
    storeMessage(resumed);
    if (resumed.status === "streaming") watchStream(resumed);
  });
}

/** A new answer beside the old one, which stays in the tree. */
export function regenerateAnswer(message: Message): Promise<void> {
  return run("regenerate", async () => {
    const sibling = await regenerateMessage(message.id);
    addMessage(sibling);
    if (sibling.status === "streaming") watchStream(sibling);
  });
}
