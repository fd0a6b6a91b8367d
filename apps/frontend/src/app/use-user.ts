import { session } from "@/api/session";
import type { User } from "@/api/types";
import { useStore } from "@/lib/store";

export function useSignedInUser(): User | null {
  const state = useStore(session);
  return state.phase === "signed-in" ? state.user : null;
}
