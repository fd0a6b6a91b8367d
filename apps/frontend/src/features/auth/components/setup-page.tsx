import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "@/api/problem";
import { setupStateQuery } from "@/api/setup-state";
import { Notice } from "@/components/ui/notice";
import { setUp } from "../api";
import { AccountForm } from "./account-form";
import { AuthLayout } from "./auth-layout";
import { SetupNeeded } from "./setup-needed";

type SetupPageProps = { token: string; onSignedIn: () => void; signInLink: ReactNode };

export function SetupPage({ token, onSignedIn, signInLink }: SetupPageProps) {
  const { data } = useQuery(setupStateQuery);
  // Told before somebody fills the form in, not after.
  if (data?.required === false) {
    return (
      <AuthLayout
        title="Set up already"
        lead="This server has its administrator, and a set-up link works once."
        footer={signInLink}
      />
    );
  }
  if (token === "") return <SetupNeeded />;
  return (
    <AuthLayout
      title="Make it yours"
      lead="Create the first administrator. Everything stays on this server."
      footer={signInLink}
    >
      <AccountForm
        submit="Create the workspace"
        create={(account) => setUp({ ...account, token })}
        onSignedIn={onSignedIn}
        failure={(error) => <SetupFailure error={error} />}
      />
    </AuthLayout>
  );
}

function SetupFailure({ error }: { error: Error }) {
  const status = error instanceof ApiError ? error.status : 0;
  if (status === 409)
    return <Notice tone="danger">This server is set up already. Sign in instead.</Notice>;
  if (status === 403) {
    return (
      <Notice tone="danger">
        The set-up token is wrong or was used. Take the link from the server&apos;s latest start.
      </Notice>
    );
  }
  return <Notice tone="danger">{error.message}</Notice>;
}
