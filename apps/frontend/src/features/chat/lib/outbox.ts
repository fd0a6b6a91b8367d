/**
 * Texts on their way to the server. It is no part of a view, so that leaving the conversation
 * neither loses a text nor its failure.
 */
import { ApiError } from "@/api/problem";
import type { Conversation } from "@/api/types";
import { randomKey } from "@/lib/id";
import { createStore, type Store } from "@/lib/store";
import { createConversation } from "../api/conversations";
import { addMessage, cachedLeaf, postMessage, seedMessages } from "../api/messages";
import { beginSending, endSending, newDraft, returnToDraft } from "./drafts";
import { watchStream } from "./stream-hub";

export type Outgoing =
  | { phase: "sending"; text: string; leafBefore: string | undefined }
  | { phase: "failed"; text: string; error: Error };

type Attempt = { text: string; key: string; conversation: Conversation | null };

const outgoing = new Map<string, Store<Outgoing | null>>();
/** The last failed attempt: sent again unchanged, it must not be carried out twice. */
const attempts = new Map<string, Attempt>();

export function outgoingOf(conversationId: string | null): Store<Outgoing | null> {
  const id = conversationId ?? newDraft;
  const known = outgoing.get(id) ?? createStore<Outgoing | null>(null);
  outgoing.set(id, known);
  return known;
}

export function dismissFailure(conversationId: string | null): void {
  outgoingOf(conversationId).set(null);
}

/** Returns the conversation that the text went to, or null when it came back as a draft. */
export async function sendText(
  conversation: Conversation | null,
  text: string,
  modelId: string | null,
): Promise<Conversation | null> {
  const id = conversation?.id ?? newDraft;
  const state = outgoingOf(id);
  if (state.get()?.phase === "sending") return null;
  const last = attempts.get(id);
  const attempt: Attempt = last?.text === text ? last : { text, key: randomKey(), conversation };
  attempts.set(id, attempt);
  state.set({ phase: "sending", text, leafBefore: cachedLeaf(id)?.id });
  beginSending(id, text);
  try {
    attempt.conversation ??= await begin(modelId);
    await deliver(attempt.conversation.id, attempt);
    attempts.delete(id);
    endSending(id);
    state.set(null);
    return attempt.conversation;
  } catch (error) {
    returnToDraft(id, text);
    state.set({
      phase: "failed",
      text,
      error: error instanceof Error ? error : new Error("Not sent."),
    });
    // A refused text will not be taken unchanged either; a new attempt is a new request.
    if (error instanceof ApiError && !error.isUnreachable) attempts.delete(id);
    return null;
  }
}

async function begin(modelId: string | null): Promise<Conversation> {
  const conversation = await createConversation(modelId);
  seedMessages(conversation.id);
  return conversation;
}

async function deliver(conversationId: string, { text, key }: Attempt): Promise<void> {
  const pair = await postMessage(conversationId, { content: text }, key);
  addMessage(pair.user_message);
  addMessage(pair.assistant_message);
  if (pair.assistant_message.status === "streaming") watchStream(pair.assistant_message);
}

export function forgetOutgoing(): void {
  outgoing.clear();
  attempts.clear();
}
