import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMay } from "@/api/rights";
import type { SearchResult } from "@/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { searchQuery } from "../api";

const debounceMs = 160;

export type Search = {
  results: readonly SearchResult[];
  /** Something was typed that has not been answered yet. */
  busy: boolean;
  error: Error | null;
  retry: () => void;
  /** Further results, or further back, if there is a way to go on. */
  more: (() => void) | null;
  /** A request looks at so much and no more: what is shown is not all that there may be. */
  partial: boolean;
  /** Nothing has the last word, which may not be all there yet: what is shown was found before it. */
  unfinished: boolean;
};

type Found = { words: string; results: readonly SearchResult[] };

const none: readonly SearchResult[] = [];
const nothing: Found = { words: "", results: none };

/** Searches as one types. */
export function useSearch(typed: string): Search {
  const words = useDebounced(typed.trim(), debounceMs);
  const wanted = useMay("chat:read") && words !== "";
  const query = useInfiniteQuery({ ...searchQuery(words), enabled: wanted });
  const pages = wanted ? (query.data?.pages ?? []) : [];
  const busy = typed.trim() !== words || (wanted && query.isFetching);
  const results = pages.length === 0 ? none : pages.flatMap(({ items }) => items);
  const before = useFoundBefore({ words, results }, !busy && results.length > 0);
  const isEmpty = wanted && !busy && query.error === null && results.length === 0;
  const unfinished = isEmpty && !typed.endsWith(" ") && !query.hasNextPage;
  // What goes on from what was found may yet become more of it.
  const isOver = results.length > 0 || !(unfinished || busy) || !typed.startsWith(before.words);
  return {
    results: isOver ? results : before.results,
    unfinished,
    busy,
    error: wanted ? query.error : null,
    retry: () => void query.refetch(),
    more: wanted && query.hasNextPage ? () => void query.fetchNextPage() : null,
    partial: pages.at(-1)?.complete === false,
  };
}

/** The last that was found, while nothing is. */
function useFoundBefore(found: Found, isFound: boolean): Found {
  const [before, setBefore] = useState(nothing);
  if (isFound && before.words !== found.words) setBefore(found);
  return before;
}
