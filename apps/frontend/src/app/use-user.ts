import { useOwnPermissions } from "@/api/rights";
import type { Permission, User } from "@/api/types";
import { session } from "@/api/session";
import { useStore } from "@/lib/store";

export function useSignedInUser(): User | null {
  const state = useStore(session);
  return state.phase === "signed-in" ? state.user : null;
}

const administration: readonly Permission[] = ["users:manage", "audit:read", "settings:manage"];

/** Whether there is anything under Administration for this person. */
export function useAdministers(): boolean {
  const own = useOwnPermissions();
  return administration.some((permission) => own.includes(permission));
}
