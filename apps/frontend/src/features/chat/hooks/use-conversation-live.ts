import { useEffect } from "react";
import { liveStatus, subscribe } from "@/api/live";
import type { LiveEvent } from "@/api/live-protocol";
import type { Conversation } from "@/api/types";
import { queryClient } from "@/lib/query-client";
import { conversationQuery, storeConversation } from "../api/conversations";
import { forksChanged } from "../api/forks";
import {
  addMessage,
  cachedLeaf,
  endsWith,
  isCached,
  refreshIfOld,
  refreshMessages,
  storeMessage,
} from "../api/messages";

const leafGraceMs = 400;

function catchUp(conversationId: string): void {
  void refreshMessages(conversationId);
  forksChanged(conversationId);
}

/** Follows one conversation: what other tabs and other people's programs add to it. */
export function useConversationLive({ id, active_message_id: leaf }: Conversation): void {
  useEffect(() => {
    // What happened just before is told on the list's topic, where that was heard already.
    let isCurrent = liveStatus.get() === "open";
    let isFirst = true;
    /** What came while the connection was away has no numbers to ask by. */
    const onSubscribed = () => {
      if (!isCurrent) void queryClient.invalidateQueries(conversationQuery(id));
      if (!isFirst) catchUp(id);
      isCurrent = false;
      isFirst = false;
    };
    const onEvent = (event: LiveEvent) => {
      if (event.type === "subscribed") onSubscribed();
      else if (event.type === "message") {
        if (event.message.parent_id === cachedLeaf(id)?.id) addMessage(event.message);
        else if (isCached(event.message)) storeMessage(event.message);
        else forksChanged(id);
      } else if (event.type === "conversation") storeConversation(event.conversation);
    };
    refreshIfOld(id);
    return subscribe(`conversation:${id}`, { lastSeq: () => 0, onEvent });
  }, [id]);

  // The messages of a new branch mostly come right after; only what does not is fetched.
  useEffect(() => {
    if (leaf === null) return;
    const timer = setTimeout(() => {
      void endsWith(id, leaf).then((isThere) => {
        if (!isThere) catchUp(id);
      });
    }, leafGraceMs);
    return () => clearTimeout(timer);
  }, [id, leaf]);
}
