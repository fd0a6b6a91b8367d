import { useEffect } from "react";
import { subscribe } from "@/api/live";
import { queryClient } from "@/lib/query-client";
import { conversationsQuery, dropConversation, storeConversation } from "../api/conversations";

/** Keeps the list of conversations as the server has it, whoever changes it and wherever. */
export function useListLive(): void {
  useEffect(() => {
    let subscriptions = 0;
    return subscribe("conversations", {
      lastSeq: () => 0,
      onEvent: (event) => {
        if (event.type === "conversation") storeConversation(event.conversation);
        else if (event.type === "conversation_deleted") dropConversation(event.id);
        else if (event.type === "subscribed") {
          subscriptions += 1;
          // These events have no numbers: what happened while away can only be fetched.
          if (subscriptions > 1) void queryClient.invalidateQueries(conversationsQuery);
        }
      },
    });
  }, []);
}
