import { QueryClient, type Query, type QueryKey } from "@tanstack/react-query";
import { ApiError } from "@/api/problem";

/** An answer of the server stands; only the lack of one, or its "not now", is worth asking again. */
function worthRetrying(failures: number, error: Error): boolean {
  if (failures >= 3) return false;
  return !(error instanceof ApiError) || error.isUnreachable || error.status >= 502;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    // The server may be on this machine or in this house: it is there when the internet is not.
    queries: {
      retry: worthRetrying,
      staleTime: 30_000,
      gcTime: 10 * 60_000,
      networkMode: "always",
      refetchOnReconnect: true,
    },
    mutations: { retry: false, networkMode: "always" },
  },
});

/** Resolves when the query is not being fetched (any more), with whatever result. */
export async function fetched(queryKey: QueryKey): Promise<void> {
  let last: Promise<unknown> | undefined;
  for (;;) {
    const current = fetchOf(queryKey)?.promise;
    if (current === undefined || current === last) return;
    last = current;
    await current.catch(() => undefined);
  }
}

function fetchOf(queryKey: QueryKey): Query | undefined {
  const query = queryClient.getQueryCache().find({ queryKey, exact: true });
  return query?.state.fetchStatus === "idle" ? undefined : query;
}

const again = new WeakSet<Query>();

/** What is on its way may have been answered before a change, and would undo it: then it is asked for again. */
export async function refetchIfFetching(queryKey: QueryKey): Promise<void> {
  const query = fetchOf(queryKey);
  if (query === undefined || again.has(query)) return;
  again.add(query);
  await fetched(queryKey);
  again.delete(query);
  await queryClient.invalidateQueries({ queryKey, exact: true });
}
