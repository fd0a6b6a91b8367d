import { useEffect } from "react";
import { subscribe } from "@/api/live";
import type { LiveEvent } from "@/api/live-protocol";
import { queryClient } from "@/lib/query-client";
import { storeConversation } from "../api/conversations";
import { forksChanged } from "../api/forks";
import { addMessage, cachedLeaf, isCached, messagesQuery, storeMessage } from "../api/messages";

const leafGraceMs = 400;

/** Follows one conversation: what other tabs and other people's programs add to it. */
export function useConversationLive(conversationId: string): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refetch = () => {
      void queryClient.invalidateQueries(messagesQuery(conversationId));
      forksChanged(conversationId);
    };
    /** The messages of the new branch mostly come right after; only what does not is fetched. */
    const expectLeaf = (leaf: string) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (leaf !== cachedLeaf(conversationId)?.id) refetch();
      }, leafGraceMs);
    };
    const onEvent = (event: LiveEvent) => {
      // What came between the messages and the subscription, or while away, has no numbers to ask by.
      if (event.type === "subscribed") refetch();
      else if (event.type === "message") {
        if (event.message.parent_id === cachedLeaf(conversationId)?.id) addMessage(event.message);
        else if (isCached(event.message)) storeMessage(event.message);
        else forksChanged(conversationId);
      } else if (event.type === "conversation") {
        storeConversation(event.conversation);
        const leaf = event.conversation.active_message_id;
        if (leaf !== null) expectLeaf(leaf);
      }
    };
    const unsubscribe = subscribe(`conversation:${conversationId}`, { lastSeq: () => 0, onEvent });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [conversationId]);
}
