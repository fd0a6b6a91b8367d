import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";
import { session, type SignedOutBy } from "@/api/session";
import { Notice } from "@/components/ui/notice";
import { SignInPage } from "@/features/auth/components/sign-in-page";
import { useStore } from "@/lib/store";
import { useTitle } from "@/lib/use-title";
import { isTabOfAnother } from "./person";

const route = getRouteApi("/login");

const reasons: Partial<Record<SignedOutBy, string>> = {
  server:
    "You were signed out: the session was ended or has expired. What you typed is kept for when you are back.",
  "other-tab": "You signed out in another tab.",
};

export function LoginRoute() {
  const { next } = route.useSearch();
  const navigate = useNavigate();
  const state = useStore(session);
  const reason = state.phase === "signed-out" ? reasons[state.by] : undefined;
  // Where the one before was is nothing to the next one.
  const isReturn = state.phase === "signed-in" && !isTabOfAnother(state.user.id);
  const enter = () => void navigate({ to: (isReturn ? next : undefined) ?? "/", replace: true });
  useTitle("Sign in");
  // Also when that happened in another tab.
  const enterNow = useEffectEvent(enter);
  useEffect(() => {
    if (state.phase === "signed-in") enterNow();
  }, [state.phase]);
  return (
    <SignInPage
      notice={reason !== undefined && <Notice tone="warning">{reason}</Notice>}
      registerLink={
        <>
          No account yet?{" "}
          <Link to="/register" className="font-medium text-accent underline underline-offset-4">
            Create one
          </Link>
        </>
      }
    />
  );
}
