import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { Message } from "@/api/types";
import { queryClient } from "@/lib/query-client";
import {
  findMessage,
  leafOf,
  oldestFirst,
  pagesOf,
  placeMessage,
  replaceMessage,
  type MessagePages,
} from "../lib/message-pages";

const pageSize = 40;

export function messagesQuery(conversationId: string) {
  return infiniteQueryOptions({
    queryKey: ["messages", conversationId],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/v1/conversations/{id}/messages", {
          params: {
            path: { id: conversationId },
            query: {
              order: "desc",
              limit: pageSize,
              ...(pageParam !== null && { cursor: pageParam }),
            },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
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
  if (after === before) void queryClient.invalidateQueries({ queryKey });
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
  if (queryClient.isFetching({ queryKey }) > 0) void queryClient.invalidateQueries({ queryKey });
}

/** What is shown of the conversation is another branch now. */
export function branchChanged(conversationId: string): Promise<void> {
  return queryClient.invalidateQueries(messagesQuery(conversationId));
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
