import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

/** Whether the server has its first administrator, and who may register: asked anew whenever it matters. */
export const setupStateQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: () => unwrap(api.GET("/api/v1/setup")),
  staleTime: 0,
});
