import { QueryClient } from "@tanstack/react-query";
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
