import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { Settings } from "@/api/types";

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: () => unwrap(api.GET("/api/v1/settings")),
});

export function changeSettings(body: Partial<Settings>): Promise<Settings> {
  return unwrap(api.PATCH("/api/v1/settings", { body }));
}
