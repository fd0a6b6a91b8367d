import { useMutation } from "@tanstack/react-query";
import { useState, type ChangeEvent, type ReactNode, type SubmitEvent } from "react";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import type { AccountForm as Account } from "../api";
import { checkAccount, faultsOf, noFaults, passwordRules } from "../lib/check-account";
import { PasswordField } from "./password-field";

type AccountFormProps = {
  submit: string;
  create: (account: Account) => Promise<void>;
  onSignedIn: () => void;
  /** What a refusal means here that concerns no single field. */
  failure: (error: Error) => ReactNode;
  notice?: ReactNode;
};

/** Makes an account, the first one or a further one, and signs in as it. */
export function AccountForm({ submit, create, onSignedIn, failure, notice }: AccountFormProps) {
  const [form, setForm] = useState<Account>({ username: "", email: "", password: "" });
  const [faults, setFaults] = useState(noFaults);
  const submission = useMutation({
    mutationFn: create,
    onSuccess: onSignedIn,
    onError: (error) => setFaults(faultsOf(error)),
  });

  function onSubmit(event: SubmitEvent) {
    event.preventDefault();
    const complete = { ...form, username: form.username.trim(), email: form.email.trim() };
    const found = checkAccount(complete);
    setFaults(found);
    if (found.size === 0) submission.mutate(complete);
  }

  const bind = (name: keyof Account) => ({
    name,
    required: true,
    value: form[name],
    error: faults.get(name),
    onChange: (event: ChangeEvent<HTMLInputElement>) => {
      const { value } = event.target;
      setForm((current) => ({ ...current, [name]: value }));
    },
  });

  return (
    <form onSubmit={onSubmit} className="grid gap-5" noValidate>
      {submission.isError && faults.size === 0 && failure(submission.error)}
      {notice}
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
        hint={passwordRules}
        {...bind("password")}
      />
      <Button type="submit" variant="primary" size="large" busy={submission.isPending}>
        {submit}
      </Button>
    </form>
  );
}
