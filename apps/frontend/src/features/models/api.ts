import { queryOptions, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import { api, unwrap } from "@/api/client";
import { subscribe } from "@/api/live";
import type { Model } from "@/api/types";
import { queryClient } from "@/lib/query-client";

const mostListed = 100;

export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: fetchAll,
  staleTime: 60_000,
});

async function fetchAll(): Promise<Model[]> {
  const models: Model[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = {
      limit: mostListed,
      ...(cursor !== null && { cursor }),
    };
    const page = await unwrap(api.GET("/api/v1/models", { params: { query } }));
    models.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return models;
}

/** Fetches the list again whenever the server says that it changed. */
export function useModelsLive(): void {
  useEffect(
    () =>
      subscribe("models", {
        lastSeq: () => 0,
        onEvent: (event) => {
          if (event.type === "models" || event.type === "subscribed")
            void queryClient.invalidateQueries(modelsQuery);
        },
      }),
    [],
  );
}

/** How a model is called; one that is not listed (any more) by its id. */
export function useModelName(): (id: string | null) => string {
  const { data } = useQuery(modelsQuery);
  return useCallback(
    (id) => data?.find((model) => model.id === id)?.name ?? id?.split("/").at(-1) ?? "Assistant",
    [data],
  );
}
