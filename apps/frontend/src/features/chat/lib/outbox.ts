/**
 * Texts on their way to the server. It is no part of a view, so that leaving the conversation
 * neither loses a text nor its failure.
 */
import { isStatus } from "@/api/client";
import { liveStatus } from "@/api/live";
import { ApiError } from "@/api/problem";
import type { Conversation } from "@/api/types";
import { randomKey } from "@/lib/id";
import { createStore, type Store } from "@/lib/store";
import { changeConversation, createConversation, findConversation } from "../api/conversations";
import {
  addMessage,
  refreshMessages,
  cachedLeaf,
  postMessage,
  seedMessages,
} from "../api/messages";
import { clearDraft, newDraft, returnToDraft } from "./drafts";
import { dropSending, giveBackSending, holdSending, lastSending, type Sending } from "./sending";
import { watchStream } from "./stream-hub";

export type Outgoing =
  | { phase: "sending"; text: string; leafBefore: string | undefined }
  | { phase: "failed"; text: string; error: Error };

const outgoing = new Map<string, Store<Outgoing | null>>();

export function outgoingOf(conversationId: string | null): Store<Outgoing | null> {
  const id = conversationId ?? newDraft;
  const known = outgoing.get(id) ?? createStore<Outgoing | null>(null);
  outgoing.set(id, known);
  return known;
}

export function dismissFailure(conversationId: string | null): void {
  outgoingOf(conversationId).set(null);
}

function failureIn(state: Store<Outgoing | null>): Error | null {
  const outgoing = state.get();
  return outgoing?.phase === "failed" ? outgoing.error : null;
}

/** That the server could not be reached is no news any more once it can be; the text is in its field. */
function dismissUnreachable(): void {
  for (const state of outgoing.values()) {
    const error = failureIn(state);
    if (error instanceof ApiError && error.isUnreachable) state.set(null);
  }
}

globalThis.addEventListener("online", dismissUnreachable);
liveStatus.subscribe(() => {
  if (liveStatus.get() === "open") dismissUnreachable();
});

/** Returns the conversation that the text went to, or null when it came back as a draft. */
export async function sendText(
  conversation: Conversation | null,
  text: string,
  modelId: string | null,
): Promise<Conversation | null> {
  const id = conversation?.id ?? newDraft;
  const state = outgoingOf(id);
  if (state.get()?.phase === "sending") return null;
  const last = lastSending(id);
  const isAgain = last?.text === text && last.modelId === modelId;
  const sending: Sending = {
    text,
    modelId,
    key: isAgain ? last.key : randomKey(),
    conversationId: last?.conversationId ?? null,
  };
  state.set({ phase: "sending", text, leafBefore: cachedLeaf(id)?.id });
  holdSending(id, sending);
  clearDraft(id);
  try {
    const target = conversation ?? (await findOrBegin(sending, isAgain));
    await deliver(target.id, sending, isAgain);
    dropSending(id);
    state.set(null);
    return target;
  } catch (error) {
    giveBack(id, sending, error);
    state.set({
      phase: "failed",
      text,
      error: error instanceof Error ? error : new Error("Not sent."),
    });
    return null;
  }
}

/** A new attempt is a new request only where this one can have left nothing behind, and could never be taken. */
function giveBack(id: string, sending: Sending, error: unknown): void {
  returnToDraft(id, sending.text);
  if (isStatus(error, 404)) dropSending(id);
  else if (isStatus(error, 422)) giveBackSending(id, { ...sending, key: randomKey() });
  else giveBackSending(id, sending);
}

/** What was made for an attempt that failed then is taken, unless it became the chat of something else. */
async function findOrBegin(sending: Sending, isAgain: boolean): Promise<Conversation> {
  const { modelId } = sending;
  const made = sending.conversationId && (await findConversation(sending.conversationId));
  if (made && (isAgain || made.active_message_id === null)) {
    if (modelId !== null && modelId !== made.model_id)
      await changeConversation(made, { model_id: modelId });
    return made;
  }
  const conversation = await createConversation(modelId);
  seedMessages(conversation.id);
  sending.conversationId = conversation.id;
  holdSending(newDraft, sending);
  return conversation;
}

async function deliver(
  conversationId: string,
  { text, modelId, key }: Sending,
  isAgain: boolean,
): Promise<void> {
  // Named here too: a model that was just chosen may not have reached the conversation yet.
  const body = { content: text, ...(modelId !== null && { model_id: modelId }) };
  const pair = await postMessage(conversationId, body, key);
  addMessage(pair.user_message);
  addMessage(pair.assistant_message);
  if (pair.assistant_message.status === "streaming") watchStream(pair.assistant_message);
  // The answer to the first attempt, which may be old news.
  if (isAgain) void refreshMessages(conversationId);
}

export function forgetOutgoing(): void {
  outgoing.clear();
}
