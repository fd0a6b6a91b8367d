import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, isStatus, unwrap } from "@/api/client";
import { errorText } from "@/api/problem";
import type { Conversation } from "@/api/types";
import { cursorParam, firstPage, nextCursor } from "@/lib/pages";
import { queryClient, refetchIfFetching } from "@/lib/query-client";
import { showToast } from "@/lib/toasts";
import { forgetDraft } from "../lib/drafts";
import {
  placeConversation,
  removeConversation,
  type ConversationPages,
} from "../lib/conversation-pages";

const pageSize = 40;
/** The queries of what is in a conversation. */
const contents = ["messages", "forks"];

export const conversationsQuery = infiniteQueryOptions({
  queryKey: ["conversations"],
  queryFn: ({ pageParam }) =>
    unwrap(
      api.GET("/api/v1/conversations", {
        params: { query: { limit: pageSize, ...(pageParam !== null && { cursor: pageParam }) } },
      }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

export const deletedQuery = infiniteQueryOptions({
  queryKey: ["deleted-conversations"],
  queryFn: ({ pageParam }) =>
    unwrap(
      api.GET("/api/v1/conversations", {
        params: { query: { deleted: true, limit: pageSize, ...cursorParam(pageParam) } },
      }),
    ),
  initialPageParam: firstPage,
  getNextPageParam: nextCursor,
});

export function conversationQuery(id: string) {
  return queryOptions({
    queryKey: ["conversation", id],
    queryFn: () => unwrap(api.GET("/api/v1/conversations/{id}", { params: { path: { id } } })),
  });
}

/** Null: it is not there, or not any more. */
export async function findConversation(id: string): Promise<Conversation | null> {
  try {
    const found = await queryClient.query(conversationQuery(id));
    return found.deleted_at === null ? found : null;
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}

/** Takes over what the server said about a conversation, wherever it is shown. */
export function storeConversation(conversation: Conversation): void {
  queryClient.setQueryData(conversationQuery(conversation.id).queryKey, conversation);
  changeList((data) => placeConversation(data, conversation));
  queryClient.setQueryData(
    deletedQuery.queryKey,
    (data) => data && removeConversation(data, conversation.id),
  );
}

/** It leaves the list, and wherever it is open it is told that it was deleted. */
function hideConversation(id: string): void {
  changeList((data) => removeConversation(data, id));
  queryClient.setQueryData(
    conversationQuery(id).queryKey,
    (data) => data && { ...data, deleted_at: data.deleted_at ?? new Date().toISOString() },
  );
}

/** It was deleted. */
export function dropConversation(id: string): void {
  hideConversation(id);
  for (const kind of contents) queryClient.removeQueries({ queryKey: [kind, id] });
  void queryClient.invalidateQueries(deletedQuery);
}

function changeList(change: (data: ConversationPages) => ConversationPages): void {
  const { queryKey } = conversationsQuery;
  queryClient.setQueryData(queryKey, (data) => data && change(data));
  void refetchIfFetching(queryKey);
}

export async function createConversation(modelId: string | null): Promise<Conversation> {
  const body = modelId === null ? {} : { model_id: modelId };
  const conversation = await unwrap(api.POST("/api/v1/conversations", { body }));
  storeConversation(conversation);
  return conversation;
}

type Change = { title?: string; model_id?: string };

/** Shown at once; taken back, with the reason, when the server refuses. */
export async function changeConversation(
  conversation: Conversation,
  change: Change,
): Promise<void> {
  storeConversation({ ...conversation, ...change });
  try {
    const params = { path: { id: conversation.id } };
    storeConversation(
      await unwrap(api.PATCH("/api/v1/conversations/{id}", { params, body: change })),
    );
  } catch (error) {
    storeConversation(conversation);
    showToast({ tone: "danger", text: `Not changed: ${errorText(error)}` });
  }
}

/** Leads back to the chat that was left because it was deleted. */
export type WayBack = () => void;
const stay: WayBack = () => undefined;

/** Gone at once; when the server did not delete it, and after Undo, one is led back to where it was open. */
export async function deleteConversation(conversation: Conversation, goBack = stay): Promise<void> {
  hideConversation(conversation.id);
  try {
    const params = { path: { id: conversation.id } };
    await unwrap(api.DELETE("/api/v1/conversations/{id}", { params }));
  } catch (error) {
    if (!isStatus(error, 404)) {
      storeConversation(conversation);
      showToast({ tone: "danger", text: `Not deleted: ${errorText(error)}` });
      goBack();
      return;
    }
  }
  dropConversation(conversation.id);
  showToast({
    text: "Chat deleted",
    action: { label: "Undo", run: () => void restoreConversation(conversation.id, goBack) },
  });
}

/** What was deleted before; it cannot be restored any more. */
export async function eraseConversation(id: string): Promise<void> {
  const params = { path: { id }, query: { for_good: true } };
  await unwrap(api.DELETE("/api/v1/conversations/{id}", { params }));
  queryClient.removeQueries(conversationQuery(id));
  forgetDraft(id);
}

export async function restoreConversation(id: string, goBack = stay): Promise<void> {
  try {
    const params = { path: { id } };
    storeConversation(await unwrap(api.POST("/api/v1/conversations/{id}/restore", { params })));
    goBack();
    await queryClient.invalidateQueries({ queryKey: ["messages", id] });
  } catch (error) {
    showToast({
      tone: "danger",
      text: `Not restored: ${errorText(error)}`,
      action: { label: "Try again", run: () => void restoreConversation(id, goBack) },
    });
  }
}
