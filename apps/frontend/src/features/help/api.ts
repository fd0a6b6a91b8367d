import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";

export const helpListQuery = queryOptions({
  queryKey: ["help"],
  queryFn: () => unwrap(api.GET("/api/v1/help")),
  staleTime: Infinity,
});

export function helpPageQuery(name: string) {
  return queryOptions({
    queryKey: ["help", name],
    queryFn: () => unwrap(api.GET("/api/v1/help/{name}", { params: { path: { name } } })),
    staleTime: Infinity,
  });
}
