import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { SetupPage } from "@/features/auth/components/setup-page";
import { useTitle } from "@/lib/use-title";

const route = getRouteApi("/setup");

export function SetupRoute() {
  const { token } = route.useSearch();
  const navigate = useNavigate();
  useTitle("Set up");
  return (
    <SetupPage
      token={token}
      onSignedIn={() => void navigate({ to: "/", replace: true })}
      signInLink={
        <>
          Have an account?{" "}
          <Link to="/login" className="font-medium text-accent underline underline-offset-4">
            Sign in
          </Link>
        </>
      }
    />
  );
}
