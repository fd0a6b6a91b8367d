import { useMutation } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { ApiError } from "@/api/problem";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Notice } from "@/components/ui/notice";
import { setUp, type SetupForm } from "../api";
import { AuthLayout } from "./auth-layout";
import { PasswordField } from "./password-field";

type SetupPageProps = { token: string; onSignedIn: () => void; signInLink: React.ReactNode };

const usernamePattern = /^[a-z0-9][a-z0-9._-]{2,31}$/i;

/** What can be said before asking the server, which has the last word. */
function check({ username, email, password }: SetupForm): ReadonlyMap<string, string> {
  const faults = new Map<string, string>();
  if (!usernamePattern.test(username)) {
    faults.set(
      "username",
      "3 to 32 letters, digits, dots, dashes or underscores; a letter or digit first.",
    );
  }
  if (!/^\S+@\S+$/.test(email)) faults.set("email", "This does not look like an e-mail address.");
  if (password.length < 12) faults.set("password", "At least 12 characters.");
  return faults;
}

export function SetupPage({ token, onSignedIn, signInLink }: SetupPageProps) {
  const [form, setForm] = useState({ username: "", email: "", password: "" });
  const [faults, setFaults] = useState<ReadonlyMap<string, string>>(new Map());
  const submission = useMutation({
    mutationFn: setUp,
    onSuccess: onSignedIn,
    onError: (error) => setFaults(error instanceof ApiError ? error.fields : new Map()),
  });

  function submit(event: SubmitEvent) {
    event.preventDefault();
    const complete = { ...form, username: form.username.trim(), email: form.email.trim(), token };
    const found = check(complete);
    setFaults(found);
    if (found.size === 0) submission.mutate(complete);
  }

  const bind = (name: keyof typeof form) => ({
    name,
    required: true,
    value: form[name],
    error: faults.get(name),
    onChange: (event: React.ChangeEvent<HTMLInputElement>) =>
      setForm({ ...form, [name]: event.target.value }),
  });

  return (
    <AuthLayout
      title="Make it yours"
      lead="Create the first administrator. Everything stays on this server."
      footer={signInLink}
    >
      <form onSubmit={submit} className="grid gap-5" noValidate>
        {submission.isError && faults.size === 0 && <SetupFailure error={submission.error} />}
        {token === "" && (
          <Notice tone="warning">
            This address lacks its token. Use the whole link that the server printed when it
            started.
          </Notice>
        )}
        <Field
          label="User name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          // eslint-disable-next-line jsx-a11y/no-autofocus -- the page has nothing before this form
          autoFocus
          {...bind("username")}
        />
        <Field label="E-mail" type="email" autoComplete="email" {...bind("email")} />
        <PasswordField
          label="Password"
          autoComplete="new-password"
          hint="At least 12 characters. A few unusual words make a good one."
          {...bind("password")}
        />
        <Button type="submit" variant="primary" size="large" busy={submission.isPending}>
          Create the workspace
        </Button>
      </form>
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
