import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { download } from "@/api/download";
import { ApiError } from "@/api/problem";
import { ErrorText } from "@/components/ui/error-text";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { FormDialog } from "@/components/ui/form-dialog";
import { Notice } from "@/components/ui/notice";
import { Card, Section } from "@/components/ui/section";
import { deleteAccount } from "../api";
import { PasswordField } from "./password-field";

type DataPageProps = { username: string; onDeleted: () => void };

export function DataPage({ username, onDeleted }: DataPageProps) {
  const [deleting, setDeleting] = useState(false);
  const exporting = useMutation({
    mutationFn: () => download("/api/v1/auth/export", `webplus-${username}.json`),
  });
  return (
    <Section title="Your data" lead="It is yours: take it along, or take it away.">
      <Card className="grid gap-4 p-5">
        <div>
          <h2 className="font-semibold">Export</h2>
          <p className="mt-1 text-sm text-pretty text-soft">
            Your account and all your chats as one JSON file.
          </p>
        </div>
        {exporting.isError && (
          <Notice tone="danger">
            <ErrorText error={exporting.error} />
          </Notice>
        )}
        <div>
          <Button busy={exporting.isPending} onClick={() => exporting.mutate()}>
            {!exporting.isPending && <Download className="size-4" aria-hidden="true" />}
            Export my data
          </Button>
        </div>
      </Card>
      <Card className="grid gap-4 p-5">
        <div>
          <h2 className="font-semibold text-danger">Delete the account</h2>
          <p className="mt-1 text-sm text-pretty text-soft">
            Your account, your chats and your API keys are deleted at once and for good. Programs
            that use your keys stop working.
          </p>
        </div>
        <div>
          <Button variant="danger" onClick={() => setDeleting(true)}>
            Delete my account
          </Button>
        </div>
      </Card>
      {deleting && (
        <DeleteAccount
          username={username}
          onDeleted={onDeleted}
          onClose={() => setDeleting(false)}
        />
      )}
    </Section>
  );
}

type DeleteAccountProps = DataPageProps & { onClose: () => void };

function DeleteAccount({ username, onDeleted, onClose }: DeleteAccountProps) {
  const [typed, setTyped] = useState("");
  const [password, setPassword] = useState("");
  const deletion = useMutation({ mutationFn: deleteAccount, onSuccess: onDeleted });
  const fault =
    deletion.error instanceof ApiError ? deletion.error.fields.get("password") : undefined;
  return (
    <FormDialog
      title="Delete your account?"
      lead="This cannot be undone. Export your data first if you want to keep it."
      submit="Delete for good"
      danger
      busy={deletion.isPending}
      disabled={typed.trim().toLowerCase() !== username || password === ""}
      error={fault === undefined ? deletion.error : null}
      onSubmit={() => deletion.mutate(password)}
      onClose={onClose}
    >
      <Field
        label={`Type your user name, ${username}`}
        name="confirmation"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <PasswordField
        label="Your password"
        name="password"
        autoComplete="current-password"
        value={password}
        error={fault}
        onChange={(event) => setPassword(event.target.value)}
      />
    </FormDialog>
  );
}
