import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Mail } from "lucide-react";
import { errorText } from "@/api/problem";
import type { Invitation } from "@/api/types";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { ListLoading } from "@/components/ui/list-state";
import { MoreWhenSeen } from "@/components/ui/more-when-seen";
import { Card, Section } from "@/components/ui/section";
import { Time } from "@/components/ui/time";
import { itemsOf } from "@/lib/pages";
import { showToast } from "@/lib/toasts";
import { invitationsQuery, withdrawInvitation } from "../api";

/** Those that were not used yet; nothing when there are none. */
export function Invitations() {
  const query = useInfiniteQuery(invitationsQuery);
  const queryClient = useQueryClient();
  const invitations = query.data ? itemsOf(query.data) : [];
  const withdrawing = useMutation({
    mutationFn: withdrawInvitation,
    onSuccess: () => showToast({ text: "Invitation withdrawn" }),
    onError: (error) => showToast({ tone: "danger", text: `Not withdrawn: ${errorText(error)}` }),
    onSettled: () => queryClient.invalidateQueries(invitationsQuery),
  });
  if (invitations.length === 0) return null;
  return (
    <Section level={2} title="Open invitations" lead="Their links were not used yet.">
      <Card>
        <ul className="divide-y divide-line">
          {invitations.map((invitation) => (
            <InvitationRow
              key={invitation.id}
              invitation={invitation}
              busy={withdrawing.isPending && withdrawing.variables === invitation.id}
              onWithdraw={() => withdrawing.mutate(invitation.id)}
            />
          ))}
        </ul>
      </Card>
      <MoreWhenSeen query={query} label="Loading more invitations">
        <ListLoading label="" rows={1} />
      </MoreWhenSeen>
    </Section>
  );
}

type InvitationRowProps = { invitation: Invitation; busy: boolean; onWithdraw: () => void };

function InvitationRow({ invitation, busy, onWithdraw }: InvitationRowProps) {
  const name = invitation.email ?? "Anybody with the link";
  return (
    <li className="flex items-center gap-3.5 px-4 py-3.5 sm:px-5">
      <Mail className="size-5 shrink-0 text-faint" aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="truncate text-sm font-medium">{name}</span>
          <Badge className="capitalize">{invitation.role}</Badge>
        </p>
        <p className="text-sm text-faint">
          Made <Time at={invitation.created_at} /> · expires <Time at={invitation.expires_at} />
        </p>
      </div>
      <Button
        size="small"
        variant="danger"
        busy={busy}
        aria-label={`Withdraw the invitation: ${name}`}
        onClick={onWithdraw}
      >
        Withdraw
      </Button>
    </li>
  );
}
