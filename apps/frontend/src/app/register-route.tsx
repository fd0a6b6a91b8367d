import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { RegisterPage } from "@/features/auth/components/register-page";
import { useTitle } from "@/lib/use-title";

const route = getRouteApi("/register");

export function RegisterRoute() {
  const { invitation } = route.useSearch();
  const navigate = useNavigate();
  useTitle("Create your account");
  return (
    <RegisterPage
      invitation={invitation ?? ""}
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
