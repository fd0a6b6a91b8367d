import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { Conversation, MessageFork } from "@/api/types";
import { queryClient } from "@/lib/query-client";

const mostListed = 1000;

export function forksQuery(conversationId: string) {
  return queryOptions({
    queryKey: ["forks", conversationId],
    queryFn: () => fetchAll(conversationId),
  });
}

async function fetchAll(id: string): Promise<MessageFork[]> {
  const forks: MessageFork[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = {
      limit: mostListed,
      ...(cursor !== null && { cursor }),
    };
    const params = { path: { id }, query };
    const page = await unwrap(api.GET("/api/v1/conversations/{id}/forks", { params }));
    forks.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return forks;
}

export function forksChanged(conversationId: string): void {
  void queryClient.invalidateQueries(forksQuery(conversationId));
}

/** Down to what was said last below the message. */
export function showThrough(conversationId: string, messageId: string): Promise<Conversation> {
  return unwrap(
    api.PATCH("/api/v1/conversations/{id}", {
      params: { path: { id: conversationId } },
      body: { through_message_id: messageId },
    }),
  );
}
