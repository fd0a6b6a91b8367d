import { useEffect, useRef, useState } from "react";
import { useMay } from "@/api/rights";
import type { Message } from "@/api/types";
import { foundWords } from "@/lib/found-words";
import { useStore } from "@/lib/store";
import { showBranch } from "../lib/message-actions";

type Older = {
  hasNextPage: boolean;
  isFetching: boolean;
  isFetchNextPageError: boolean;
  fetchNextPage: () => unknown;
};

type Search = {
  wanted: string | null;
  /** Others at each opening, also of the same message. */
  words: readonly string[];
  step: "branch" | "waiting" | "older" | "done";
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
  const current = useRef<Search>({ wanted: null, words: [], step: "done" });
  const words = useStore(foundWords);
  const [turn, setTurn] = useState(0);
  const mayWrite = useMay("chat:write");
  const isLoaded = messages.some(({ id }) => id === wanted);
  const isEmpty = messages.length === 0;
  useEffect(() => {
    if (current.current.wanted !== wanted || current.current.words !== words)
      current.current = { wanted, words, step: mayWrite ? "branch" : "older" };
    const search = current.current;
    if (wanted === null || isLoaded) {
      search.step = "done";
    } else if (isFetching || isFetchNextPageError || isEmpty) {
      return;
    } else if (search.step === "branch") {
      search.step = "waiting";
      void showBranch(conversationId, wanted).then((isShown) => {
        if (search.step === "waiting") search.step = isShown ? "older" : "done";
        setTurn((last) => last + 1);
      });
    } else if (search.step === "older" && hasNextPage) {
      fetchNextPage();
    }
  }, [
    conversationId,
    wanted,
    words,
    mayWrite,
    isLoaded,
    isFetching,
    isFetchNextPageError,
    isEmpty,
    hasNextPage,
    fetchNextPage,
    turn,
  ]);
}
