import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { Message, MessagePage } from "@/api/types";
import { cursorParam, firstPage, nextCursor } from "@/lib/pages";
import { fetched, queryClient } from "@/lib/query-client";
import {
  findMessage,
  leafOf,
  mergeNewest,
  oldestFirst,
  pagesOf,
  placeMessage,
  replaceMessage,
  type MessagePages,
} from "../lib/message-pages";

const pageSize = 40;

function fetchPage(conversationId: string, cursor: string | null): Promise<MessagePage> {
  const query = { order: "desc" as const, limit: pageSize, ...cursorParam(cursor) };
  const params = { path: { id: conversationId }, query };
  return unwrap(api.GET("/api/v1/conversations/{id}/messages", { params }));
}

/** Kept up to date by what is heard, and by refreshMessages: a long chat is not fetched whole again. */
export function messagesQuery(conversationId: string) {
  return infiniteQueryOptions({
    queryKey: ["messages", conversationId],
    queryFn: ({ pageParam }) => fetchPage(conversationId, pageParam),
    initialPageParam: firstPage,
    getNextPageParam: nextCursor,
    staleTime: Infinity,
  });
}

type Refresh = { again: boolean; done: Promise<void> };
const refreshes = new Map<string, Refresh>();

/** Fetches the newest page, which is where things happen, and keeps the older ones that are loaded. */
export function refreshMessages(conversationId: string): Promise<void> {
  const running = refreshes.get(conversationId);
  if (running !== undefined) {
    running.again = true;
    return running.done;
  }
  const refresh: Refresh = { again: true, done: Promise.resolve() };
  refreshes.set(conversationId, refresh);
  refresh.done = refreshUntilQuiet(conversationId, refresh).finally(() =>
    refreshes.delete(conversationId),
  );
  return refresh.done;
}

async function refreshUntilQuiet(conversationId: string, refresh: Refresh): Promise<void> {
  const { queryKey } = messagesQuery(conversationId);
  try {
    while (refresh.again) {
      refresh.again = false;
      await refreshOnce(conversationId);
    }
  } catch {
    // At the next opening, then.
    await queryClient.invalidateQueries({ queryKey, refetchType: "none" });
  }
}

async function refreshOnce(conversationId: string): Promise<void> {
  const { queryKey } = messagesQuery(conversationId);
  await fetched(queryKey);
  const isLoaded = queryClient.getQueryData(queryKey) !== undefined;
  const newest =
    isLoaded &&
    (await queryClient.query({
      queryKey: ["newest-messages", conversationId],
      queryFn: () => fetchPage(conversationId, firstPage),
      staleTime: 0,
      gcTime: 0,
    }));
  // An older page that has begun to be fetched meanwhile is added to what was there at its beginning.
  await fetched(queryKey);
  const data = queryClient.getQueryData(queryKey);
  const merged = data && newest && mergeNewest(data, newest);
  if (merged) queryClient.setQueryData(queryKey, merged);
  else await queryClient.invalidateQueries({ queryKey });
}

const oldMs = 30_000;

/** What was loaded at an earlier visit was not followed since. */
export function refreshIfOld(conversationId: string): void {
  const state = queryClient.getQueryState(messagesQuery(conversationId).queryKey);
  if (state?.data !== undefined && Date.now() - state.dataUpdatedAt > oldMs)
    void refreshMessages(conversationId);
}

/** Whether what is loaded ends with this message, once all that is on its way has come. */
export async function endsWith(conversationId: string, leaf: string): Promise<boolean> {
  await refreshes.get(conversationId)?.done;
  await fetched(messagesQuery(conversationId).queryKey);
  return cachedLeaf(conversationId)?.id === leaf;
}

/** A message whose place in the branch is known already, or is not shown. */
export function storeMessage(message: Message): void {
  changeMessages(message.conversation_id, (data) => replaceMessage(data, message));
}

/** A message that is new to the branch. Fetches anew when it belongs to a branch not loaded. */
export function addMessage(message: Message): void {
  const { queryKey } = messagesQuery(message.conversation_id);
  const before = queryClient.getQueryData(queryKey);
  if (before === undefined) return;
  const after = placeMessage(before, message);
  if (after === before) void refreshMessages(message.conversation_id);
  else changeMessages(message.conversation_id, () => after);
}

/** Starts the cache of a conversation that was just created, so that it opens without waiting. */
export function seedMessages(conversationId: string): void {
  queryClient.setQueryData(messagesQuery(conversationId).queryKey, (data) => data ?? pagesOf());
}

export function cachedLeaf(conversationId: string): Message | undefined {
  const data = queryClient.getQueryData(messagesQuery(conversationId).queryKey);
  return data && leafOf(data);
}

/** Of the branch that is shown, the oldest first. */
export function cachedMessages(conversationId: string): Message[] {
  const data = queryClient.getQueryData(messagesQuery(conversationId).queryKey);
  return data === undefined ? [] : oldestFirst(data);
}

function changeMessages(
  conversationId: string,
  change: (data: MessagePages) => MessagePages,
): void {
  const { queryKey } = messagesQuery(conversationId);
  const before = queryClient.getQueryData(queryKey);
  if (before === undefined) return;
  queryClient.setQueryData(queryKey, change(before));
  // An answer on its way was given before this change and would undo it: it is asked for again.
  if (queryClient.isFetching({ queryKey }) > 0 || refreshes.has(conversationId))
    void refreshMessages(conversationId);
}

export function isCached(message: Message): boolean {
  const data = queryClient.getQueryData(messagesQuery(message.conversation_id).queryKey);
  return data !== undefined && findMessage(data, message.id) !== undefined;
}

export type NewMessage = { content: string; model_id?: string; parent_id?: string | null };

export function postMessage(conversationId: string, body: NewMessage, key: string) {
  const params = { path: { id: conversationId }, header: { "idempotency-key": key } };
  return unwrap(api.POST("/api/v1/conversations/{id}/messages", { params, body }));
}

export function fetchMessage(id: string): Promise<Message> {
  return unwrap(api.GET("/api/v1/messages/{id}", { params: { path: { id } } }));
}

export function stopMessage(id: string): Promise<Message> {
  return unwrap(api.POST("/api/v1/messages/{id}/stop", { params: { path: { id } } }));
}

export function continueMessage(id: string): Promise<Message> {
  return unwrap(api.POST("/api/v1/messages/{id}/continue", { params: { path: { id } } }));
}

export function regenerateMessage(id: string): Promise<Message> {
  return unwrap(api.POST("/api/v1/messages/{id}/regenerate", { params: { path: { id } } }));
}
