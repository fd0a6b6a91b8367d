import { useMutation } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { useMay } from "@/api/rights";
import type { User } from "@/api/types";
import { Avatar } from "@/components/ui/avatar";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Notice } from "@/components/ui/notice";
import { Card, Section } from "@/components/ui/section";
import { showToast } from "@/lib/toasts";
import { changeProfile, type ProfileForm } from "../api";
import { emailFault, faultsOf, noFaults, type Faults } from "../lib/check-account";
import { PasswordField } from "./password-field";

export function ProfilePage({ user }: { user: User }) {
  const joined = new Date(user.created_at).toLocaleDateString(undefined, { dateStyle: "long" });
  return (
    <Section title="Profile" lead="How you are called, and where you can be reached.">
      <Card className="flex items-center gap-4 p-4 sm:px-5">
        <Avatar name={user.username} className="size-12 text-lg" />
        <div className="min-w-0 flex-1">
          <p className="truncate font-medium">{user.username}</p>
          <p className="text-sm text-faint">Here since {joined}</p>
        </div>
        <Badge tone="accent" className="capitalize">
          {user.role}
        </Badge>
      </Card>
      {/* Made anew when the server has other values, as after saving. */}
      <ProfileFields key={`${user.email} ${user.full_name ?? ""}`} user={user} />
    </Section>
  );
}

function ProfileFields({ user }: { user: User }) {
  const [fullName, setFullName] = useState(user.full_name ?? "");
  const [email, setEmail] = useState(user.email);
  const [password, setPassword] = useState("");
  const [faults, setFaults] = useState<Faults>(noFaults);
  const allowed = useMay("account:write");
  const saving = useMutation({
    mutationFn: changeProfile,
    onSuccess: () => showToast({ text: "Profile saved" }),
    onError: (error) => setFaults(faultsOf(error)),
  });
  const emailChanged = email.trim() !== user.email;
  const nameChanged = fullName.trim() !== (user.full_name ?? "");

  function submit(event: SubmitEvent) {
    event.preventDefault();
    const found = check();
    setFaults(found);
    if (found.size > 0) return;
    const form: ProfileForm = {
      ...(nameChanged && { full_name: fullName.trim() === "" ? null : fullName.trim() }),
      ...(emailChanged && { email: email.trim(), password }),
    };
    saving.mutate(form);
  }

  function check(): Faults {
    const found = new Map<string, string>();
    const fault = emailChanged ? emailFault(email.trim()) : undefined;
    if (fault !== undefined) found.set("email", fault);
    if (emailChanged && password === "")
      found.set("password", "Your password is needed to change the e-mail address.");
    return found;
  }

  return (
    <form onSubmit={submit} noValidate className="grid max-w-md gap-5">
      {saving.isError && faults.size === 0 && <Notice tone="danger">{saving.error.message}</Notice>}
      <Field
        label="Name"
        name="full_name"
        autoComplete="name"
        hint="Optional. Shown to the administrators beside your user name."
        maxLength={200}
        disabled={!allowed}
        value={fullName}
        error={faults.get("full_name")}
        onChange={(event) => setFullName(event.target.value)}
      />
      <Field
        label="E-mail"
        name="email"
        type="email"
        autoComplete="email"
        disabled={!allowed}
        value={email}
        error={faults.get("email")}
        onChange={(event) => setEmail(event.target.value)}
      />
      {emailChanged && (
        <PasswordField
          label="Your password"
          name="password"
          autoComplete="current-password"
          hint="To be sure that it is you who changes the address."
          value={password}
          error={faults.get("password")}
          onChange={(event) => setPassword(event.target.value)}
        />
      )}
      {allowed ? (
        <div>
          <Button
            type="submit"
            variant="primary"
            busy={saving.isPending}
            disabled={!emailChanged && !nameChanged}
          >
            Save
          </Button>
        </div>
      ) : (
        <Notice tone="plain">Your role does not let you change the account.</Notice>
      )}
    </form>
  );
}
