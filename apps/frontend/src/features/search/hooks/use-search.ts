import { useInfiniteQuery } from "@tanstack/react-query";
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
};

const none: readonly SearchResult[] = [];

/** Searches as one types. */
export function useSearch(typed: string): Search {
  const words = useDebounced(typed.trim(), debounceMs);
  const wanted = useMay("chat:read") && words !== "";
  const query = useInfiniteQuery({ ...searchQuery(words), enabled: wanted });
  const pages = wanted ? (query.data?.pages ?? []) : [];
  return {
    results: pages.length === 0 ? none : pages.flatMap(({ items }) => items),
    busy: typed.trim() !== words || (wanted && query.isFetching),
    error: wanted ? query.error : null,
    retry: () => void query.refetch(),
    more: wanted && query.hasNextPage ? () => void query.fetchNextPage() : null,
    partial: pages.at(-1)?.complete === false,
  };
}
