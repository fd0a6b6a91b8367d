import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { SignInPage } from "@/features/auth/components/sign-in-page";
import { useTitle } from "@/lib/use-title";

const route = getRouteApi("/login");

export function LoginRoute() {
  const { next } = route.useSearch();
  const navigate = useNavigate();
  useTitle("Sign in");
  return <SignInPage onSignedIn={() => void navigate({ to: next ?? "/", replace: true })} />;
}
