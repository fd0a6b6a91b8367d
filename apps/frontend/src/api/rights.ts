import { useStore } from "@/lib/store";
import { session } from "./session";
import type { Permission } from "./types";

/** What the one who is signed in may do. The server has the last word; this is for what to show. */
export function may(permission: Permission): boolean {
  const state = session.get();
  return state.phase === "signed-in" && state.permissions.includes(permission);
}

export function useMay(permission: Permission): boolean {
  useStore(session);
  return may(permission);
}

const none: readonly Permission[] = [];

export function useOwnPermissions(): readonly Permission[] {
  const state = useStore(session);
  return state.phase === "signed-in" ? state.permissions : none;
}
