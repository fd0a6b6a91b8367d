import { useEffect, useRef } from "react";
import { useMay } from "@/api/rights";
import type { Message } from "@/api/types";
import { showBranch } from "../lib/message-actions";

type Older = {
  hasNextPage: boolean;
  isFetching: boolean;
  isFetchNextPageError: boolean;
  fetchNextPage: () => unknown;
};

/**
 * Brings a message that was asked for among those that are loaded: by showing the branch that it is in, and then by
 * fetching older ones. Once it was there it may go again, for whoever shows another branch wants to see that.
 */
export function useMessageInView(
  conversationId: string,
  wanted: string | null,
  messages: readonly Message[],
  { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage }: Older,
): void {
  const asked = useRef<string | null>(null);
  const done = useRef<string | null>(null);
  const mayWrite = useMay("chat:write");
  const isLoaded = messages.some(({ id }) => id === wanted);
  const isEmpty = messages.length === 0;
  useEffect(() => {
    if (wanted === null || isLoaded) {
      asked.current = null;
      done.current = wanted;
      return;
    }
    if (done.current === wanted || isFetching || isFetchNextPageError || isEmpty) return;
    if (mayWrite && asked.current !== wanted) {
      asked.current = wanted;
      void showBranch(conversationId, wanted).then((isShown) => {
        if (!isShown) done.current = wanted;
      });
    } else if (hasNextPage) fetchNextPage();
  }, [
    conversationId,
    wanted,
    mayWrite,
    isLoaded,
    isFetching,
    isFetchNextPageError,
    isEmpty,
    hasNextPage,
    fetchNextPage,
  ]);
}
