import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { User } from "@/api/types";
import { Field } from "@/components/ui/field";
import { FormDialog } from "@/components/ui/form-dialog";
import { showToast } from "@/lib/toasts";
import { changeUser, deleteUser, endUserSessions, refetchUsers } from "../api";
import type { UserAction } from "./user-actions";

type Question = {
  title: (name: string) => string;
  lead: string;
  submit: string;
  done: (name: string) => string;
  act: (id: string) => Promise<unknown>;
};

const questions: Record<UserAction, Question> = {
  disable: {
    title: (name) => `Disable ${name}?`,
    lead: "The account is signed out everywhere and cannot sign in. Nothing of it is deleted, and it can be enabled again.",
    submit: "Disable",
    done: (name) => `${name} is disabled`,
    act: (id) => changeUser(id, { disabled: true }),
  },
  enable: {
    title: (name) => `Enable ${name}?`,
    lead: "The account can sign in again.",
    submit: "Enable",
    done: (name) => `${name} is enabled`,
    act: (id) => changeUser(id, { disabled: false }),
  },
  "end-sessions": {
    title: (name) => `Sign ${name} out everywhere?`,
    lead: "All sessions end at once. The password stays as it is.",
    submit: "End all sessions",
    done: (name) => `${name} was signed out everywhere`,
    act: endUserSessions,
  },
  delete: {
    title: (name) => `Delete ${name}?`,
    lead: "The account and all its chats and keys are deleted at once. This cannot be undone.",
    submit: "Delete for good",
    done: (name) => `${name} was deleted`,
    act: deleteUser,
  },
};

type UserDialogProps = { user: User; action: UserAction; onClose: () => void };

export function UserDialog({ user, action, onClose }: UserDialogProps) {
  const [typed, setTyped] = useState("");
  const { title, lead, submit, done, act } = questions[action];
  const acting = useMutation({
    mutationFn: () => act(user.id),
    onSuccess: () => {
      showToast({ text: done(user.username) });
      onClose();
    },
    onSettled: refetchUsers,
  });
  return (
    <FormDialog
      title={title(user.username)}
      lead={lead}
      submit={submit}
      danger={action !== "enable"}
      busy={acting.isPending}
      disabled={action === "delete" && typed.trim().toLowerCase() !== user.username}
      error={acting.error}
      onSubmit={() => acting.mutate()}
      onClose={onClose}
    >
      {action === "delete" && (
        <Field
          label={`Type the user name, ${user.username}`}
          name="confirmation"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
    </FormDialog>
  );
}
