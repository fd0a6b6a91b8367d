import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type ReactNode, type SubmitEvent } from "react";
import { setupStateQuery } from "@/api/setup-state";
import { ErrorText } from "@/components/ui/error-text";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Notice } from "@/components/ui/notice";
import { signIn } from "../api";
import { AuthLayout } from "./auth-layout";
import { PasswordField } from "./password-field";
import { SetupNeeded } from "./setup-needed";

type SignInPageProps = {
  /** Why somebody who was signed in stands here. */
  notice?: ReactNode;
  registerLink: ReactNode;
};

/** Whoever shows it leaves it once somebody is signed in, be it by another tab. */
export function SignInPage({ notice, registerLink }: SignInPageProps) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const setup = useQuery(setupStateQuery);
  const submission = useMutation({ mutationFn: signIn });

  function submit(event: SubmitEvent) {
    event.preventDefault();
    submission.mutate({ username: username.trim(), password });
  }

  if (setup.data?.required === true) return <SetupNeeded />;
  return (
    <AuthLayout
      title="Welcome back"
      lead="Sign in to your workspace."
      footer={setup.data?.registration === "open" ? registerLink : undefined}
    >
      <form onSubmit={submit} className="grid gap-5">
        {submission.isError ? (
          <Notice tone="danger">
            <ErrorText error={submission.error} />
          </Notice>
        ) : (
          notice
        )}
        <Field
          label="User name"
          hint="Or your e-mail address."
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          // eslint-disable-next-line jsx-a11y/no-autofocus -- the page has nothing before this form
          autoFocus
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <PasswordField
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" variant="primary" size="large" busy={submission.isPending}>
          Sign in
        </Button>
      </form>
    </AuthLayout>
  );
}
