import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { setupStateQuery } from "@/api/setup-state";
import { ErrorText } from "@/components/ui/error-text";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import { Skeleton } from "@/components/ui/skeleton";
import { register } from "../api";
import { AccountForm } from "./account-form";
import { AuthLayout } from "./auth-layout";

type RegisterPageProps = { invitation: string; onSignedIn: () => void; signInLink: ReactNode };

export function RegisterPage({ invitation, onSignedIn, signInLink }: RegisterPageProps) {
  const { data, error, refetch } = useQuery(setupStateQuery);
  if (error !== null && data === undefined) {
    return (
      <AuthLayout title="Create your account" lead="One moment." footer={signInLink}>
        <Notice tone="danger" actions={<Button onClick={() => void refetch()}>Try again</Button>}>
          <ErrorText error={error} />
        </Notice>
      </AuthLayout>
    );
  }
  if (data === undefined) return <Loading />;
  if (data.required) {
    return (
      <AuthLayout
        title="Not set up yet"
        lead="This server has no administrator yet. Open the set-up link that it printed when it started."
        footer={signInLink}
      />
    );
  }
  if (data.registration === "closed") {
    return (
      <AuthLayout
        title="Registration is closed"
        lead="New accounts are not taken here at the moment. Ask an administrator of this server."
        footer={signInLink}
      />
    );
  }
  if (data.registration === "invite" && invitation === "") {
    return (
      <AuthLayout
        title="By invitation only"
        lead="To register here you need an invitation link. Ask an administrator of this server for one."
        footer={signInLink}
      />
    );
  }
  return (
    <AuthLayout
      title={invitation === "" ? "Create your account" : "You are invited"}
      lead={
        invitation === ""
          ? "Your chats stay on this server, and are yours alone."
          : "Create your account to accept. Your chats are yours alone."
      }
      footer={signInLink}
    >
      <AccountForm
        submit="Create the account"
        create={(account) => register({ ...account, ...(invitation !== "" && { invitation }) })}
        onSignedIn={onSignedIn}
        failure={(failure) => (
          <Notice tone="danger">
            <ErrorText error={failure} />
          </Notice>
        )}
      />
    </AuthLayout>
  );
}

function Loading() {
  return (
    <AuthLayout title="Create your account" lead="One moment.">
      <div className="grid gap-5" role="status" aria-label="Loading">
        <Skeleton className="h-11" />
        <Skeleton className="h-11" />
        <Skeleton className="h-11" />
      </div>
    </AuthLayout>
  );
}
