import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { ApiKeyMade, ApiKeyNew } from "@/api/types";
import { cursorParam, firstPage, nextCursor } from "@/lib/pages";

export const keysQuery = infiniteQueryOptions({
  queryKey: ["api-keys"],
  queryFn: ({ pageParam }) =>
    unwrap(api.GET("/api/v1/api-keys", { params: { query: cursorParam(pageParam) } })),
  initialPageParam: firstPage,
  getNextPageParam: nextCursor,
});

/** The only answer that holds the key itself. */
export function createKey(body: ApiKeyNew): Promise<ApiKeyMade> {
  return unwrap(api.POST("/api/v1/api-keys", { body }));
}

export async function revokeKey(id: string): Promise<void> {
  await unwrap(api.DELETE("/api/v1/api-keys/{id}", { params: { path: { id } } }));
}
