import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import { Section } from "@/components/ui/section";
import { showToast } from "@/lib/toasts";
import { changePassword, sessionsQuery } from "../api";
import {
  faultsOf,
  noFaults,
  passwordFault,
  passwordRules,
  type Faults,
} from "../lib/check-account";
import { PasswordField } from "./password-field";

const empty = { current_password: "", new_password: "" };

export function PasswordPage({ username }: { username: string }) {
  const [form, setForm] = useState(empty);
  const [faults, setFaults] = useState<Faults>(noFaults);
  const queryClient = useQueryClient();
  const saving = useMutation({
    mutationFn: changePassword,
    onSuccess: () => {
      setForm(empty);
      showToast({ text: "Password changed. All your other sessions were ended." });
      void queryClient.invalidateQueries(sessionsQuery);
    },
    onError: (error) => setFaults(faultsOf(error)),
  });

  function submit(event: SubmitEvent) {
    event.preventDefault();
    const found = new Map<string, string>();
    const fault = passwordFault(form.new_password);
    if (form.current_password === "")
      found.set("current_password", "Your current password is needed.");
    if (fault !== undefined) found.set("new_password", fault);
    setFaults(found);
    if (found.size === 0) saving.mutate(form);
  }

  return (
    <Section
      title="Password"
      lead="After a change, every other place where you are signed in has to sign in again."
    >
      <form onSubmit={submit} noValidate className="grid max-w-md gap-5">
        {saving.isError && faults.size === 0 && (
          <Notice tone="danger">{saving.error.message}</Notice>
        )}
        {/* For password managers, which want to know whose password it is. */}
        <input
          type="text"
          name="username"
          autoComplete="username"
          value={username}
          readOnly
          hidden
        />
        <PasswordField
          label="Current password"
          name="current_password"
          autoComplete="current-password"
          value={form.current_password}
          error={faults.get("current_password")}
          onChange={(event) => setForm({ ...form, current_password: event.target.value })}
        />
        <PasswordField
          label="New password"
          name="new_password"
          autoComplete="new-password"
          hint={passwordRules}
          value={form.new_password}
          error={faults.get("new_password")}
          onChange={(event) => setForm({ ...form, new_password: event.target.value })}
        />
        <div>
          <Button type="submit" variant="primary" busy={saving.isPending}>
            Change the password
          </Button>
        </div>
      </form>
    </Section>
  );
}
