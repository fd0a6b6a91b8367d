import { useEffect, useRef } from "react";
import { useOwnPermissions } from "@/api/rights";
import { showToast } from "@/lib/toasts";
import { useSignedInUser } from "./use-user";

/** Says that one's rights were changed: the page would only look different, without a reason. */
export function useRightsNews(): void {
  const role = useSignedInUser()?.role;
  const rights = [...useOwnPermissions()].sort().join(" ");
  const known = useRef<{ role: string | undefined; rights: string } | null>(null);
  useEffect(() => {
    const before = known.current;
    known.current = { role, rights };
    if (before === null || role === undefined) return;
    if (before.role !== role)
      showToast({ text: `Your role is now ${role}. What you may do here has changed.` });
    else if (before.rights !== rights)
      showToast({ text: "An administrator has changed what your role may do here." });
  }, [role, rights]);
}
