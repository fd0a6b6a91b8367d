import { useEffect } from "react";
import { subscribe } from "@/api/live";
import { queryClient } from "@/lib/query-client";
import { conversationsQuery, dropConversation, storeConversation } from "../api/conversations";
import { watchLeaf } from "../lib/elsewhere";

/** Keeps the conversations as the server has them, whoever changes them and wherever; also while no list is shown. */
export function useListLive(): void {
  useEffect(
    () =>
      subscribe("conversations", {
        lastSeq: () => 0,
        onEvent: (event) => {
          if (event.type === "conversation") {
            storeConversation(event.conversation);
            void watchLeaf(event.conversation);
          } else if (event.type === "conversation_deleted") dropConversation(event.id);
          // These events have no numbers: what came between the list and the subscription to it, or
          // while the connection was away, can only be fetched.
          else if (event.type === "subscribed")
            void queryClient.invalidateQueries(conversationsQuery);
        },
      }),
    [],
  );
}
