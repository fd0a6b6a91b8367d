import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import { cursorParam, firstPage, nextCursor } from "@/lib/pages";

const pageSize = 15;
const freshMs = 10_000;

/** Messages and titles that have all of the words; a search that is not wanted any more is given up. */
export function searchQuery(words: string) {
  return infiniteQueryOptions({
    queryKey: ["search", words],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/v1/search", {
          params: { query: { q: words, limit: pageSize, ...cursorParam(pageParam) } },
          signal,
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: nextCursor,
    placeholderData: keepPreviousData,
    staleTime: freshMs,
    retry: false,
  });
}
