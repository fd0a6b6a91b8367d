import { useEffect, useRef } from "react";
import type { Message } from "@/api/types";
import { showBranch } from "../lib/message-actions";

type Older = { hasNextPage: boolean; isFetching: boolean; fetchNextPage: () => unknown };

/**
 * Brings a message that was asked for among those that are loaded: by fetching older ones, and then, if it is in none of
 * them, by showing the branch that it is in.
 */
export function useMessageInView(
  conversationId: string,
  wanted: string | null,
  messages: readonly Message[],
  { hasNextPage, isFetching, fetchNextPage }: Older,
): void {
  const shown = useRef<string | null>(null);
  const isLoaded = messages.some(({ id }) => id === wanted);
  const isEmpty = messages.length === 0;
  useEffect(() => {
    if (wanted === null || isLoaded || isFetching || isEmpty) return;
    if (hasNextPage) fetchNextPage();
    else if (shown.current !== wanted) {
      shown.current = wanted;
      void showBranch(conversationId, wanted);
    }
  }, [conversationId, wanted, isLoaded, isFetching, isEmpty, hasNextPage, fetchNextPage]);
}
