import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "@/api/problem";
import { useOwnPermissions } from "@/api/rights";
import { setupStateQuery } from "@/api/setup-state";
import type { InvitationMade } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CopyField } from "@/components/ui/copy-field";
import { Dialog } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { FormDialog } from "@/components/ui/form-dialog";
import { Notice } from "@/components/ui/notice";
import { SelectField } from "@/components/ui/select";
import { Time } from "@/components/ui/time";
import { invitationsQuery, invite, rolesQuery } from "../api";
import { givable, roleOptions } from "./role-select";

const lifetimes = [
  { value: "1", label: "In a day" },
  { value: "7", label: "In a week" },
  { value: "30", label: "In 30 days" },
];

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("user");
  const [days, setDays] = useState("7");
  const [made, setMade] = useState<InvitationMade | null>(null);
  const { data: roles = [] } = useQuery(rolesQuery);
  const { data: state } = useQuery(setupStateQuery);
  const own = useOwnPermissions();
  const queryClient = useQueryClient();
  const inviting = useMutation({
    mutationFn: invite,
    onSuccess: (invitation) => {
      setMade(invitation);
      void queryClient.invalidateQueries(invitationsQuery);
    },
  });
  if (made !== null) return <InvitationLink invitation={made} onClose={onClose} />;
  const faults = inviting.error instanceof ApiError ? inviting.error.fields : null;
  return (
    <FormDialog
      title="Invite somebody"
      lead="You get a link to pass on. It makes one account."
      submit="Make the link"
      busy={inviting.isPending}
      error={faults !== null && faults.size > 0 ? null : inviting.error}
      onSubmit={() =>
        inviting.mutate({
          role,
          expires_in_days: Number(days),
          ...(email.trim() !== "" && { email: email.trim() }),
        })
      }
      onClose={onClose}
    >
      {state?.registration === "closed" && (
        <Notice tone="warning">
          Registration is closed, so nobody can use the link before you open it under Settings.
        </Notice>
      )}
      <SelectField
        label="Role"
        name="role"
        options={roleOptions(givable(roles, own))}
        value={role}
        onChange={(event) => setRole(event.target.value)}
      />
      <Field
        label="E-mail"
        name="email"
        type="email"
        autoComplete="off"
        hint="Optional. Only to tell the invitations apart; nothing is sent."
        value={email}
        error={faults?.get("email")}
        onChange={(event) => setEmail(event.target.value)}
      />
      <SelectField
        label="The link expires"
        name="expires"
        options={lifetimes}
        value={days}
        onChange={(event) => setDays(event.target.value)}
      />
    </FormDialog>
  );
}

type InvitationLinkProps = { invitation: InvitationMade; onClose: () => void };

/** Closed by its button alone: the link cannot be shown again. */
function InvitationLink({ invitation, onClose }: InvitationLinkProps) {
  const link = `${location.origin}/register?invitation=${encodeURIComponent(invitation.token)}`;
  return (
    <Dialog label="The invitation" onClose={() => undefined}>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-5 p-5 sm:p-6">
        <div>
          <h2 className="text-lg font-semibold tracking-[-0.015em]">The invitation</h2>
          <p className="mt-1.5 text-sm text-pretty text-soft">
            Pass this link on. Whoever uses it first gets an account with the role “
            {invitation.role}”. It expires <Time at={invitation.expires_at} />.
          </p>
        </div>
        <CopyField label="Invitation link" value={link} />
        <Notice tone="warning">It is shown this once. If it is lost, make another one.</Notice>
      </div>
      <div className="flex justify-end border-t border-line px-5 py-3.5 sm:px-6">
        <Button onClick={onClose}>Done</Button>
      </div>
    </Dialog>
  );
}
