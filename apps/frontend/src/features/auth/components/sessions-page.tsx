import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { errorText } from "@/api/problem";
import { useMay } from "@/api/rights";
import type { DeviceSession } from "@/api/types";
import { Button } from "@/components/ui/button";
import { FormDialog } from "@/components/ui/form-dialog";
import { ListFailed, ListLoading } from "@/components/ui/list-state";
import { MoreWhenSeen } from "@/components/ui/more-when-seen";
import { Card, Section } from "@/components/ui/section";
import { itemsOf } from "@/lib/pages";
import { showToast } from "@/lib/toasts";
import { endDeviceSession, endOtherSessions, sessionsQuery } from "../api";
import { SessionRow } from "./session-row";

export function SessionsPage({ onSignOut }: { onSignOut: () => void }) {
  const query = useInfiniteQuery(sessionsQuery);
  const [confirming, setConfirming] = useState(false);
  const allowed = useMay("account:write");
  const sessions = query.data ? itemsOf(query.data) : [];
  return (
    <Section
      title="Sessions"
      lead="Where you are signed in. End what you do not recognise, and then change your password."
      actions={
        allowed &&
        sessions.some(({ current }) => !current) && (
          <Button variant="danger" onClick={() => setConfirming(true)}>
            End all others
          </Button>
        )
      }
    >
      {query.data ? (
        <SessionList sessions={sessions} mayEnd={allowed} onSignOut={onSignOut} />
      ) : query.error ? (
        <ListFailed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <ListLoading label="Loading the sessions" />
      )}
      <MoreWhenSeen query={query} label="Loading more sessions">
        <ListLoading label="" rows={1} />
      </MoreWhenSeen>
      {confirming && <EndOthers onClose={() => setConfirming(false)} />}
    </Section>
  );
}

type SessionListProps = {
  sessions: readonly DeviceSession[];
  mayEnd: boolean;
  onSignOut: () => void;
};

function SessionList({ sessions, mayEnd, onSignOut }: SessionListProps) {
  const queryClient = useQueryClient();
  const ending = useMutation({
    mutationFn: endDeviceSession,
    onSuccess: () => showToast({ text: "Session ended" }),
    onError: (error) =>
      showToast({ tone: "danger", text: `The session was not ended: ${errorText(error)}` }),
    onSettled: () => queryClient.invalidateQueries(sessionsQuery),
  });
  return (
    <Card>
      <ul className="divide-y divide-line">
        {sessions.map((entry) => (
          <SessionRow
            key={entry.id}
            session={entry}
            mayEnd={mayEnd}
            busy={ending.isPending && ending.variables === entry.id}
            onEnd={() => (entry.current ? onSignOut() : ending.mutate(entry.id))}
          />
        ))}
      </ul>
    </Card>
  );
}

function EndOthers({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient();
  const ending = useMutation({
    mutationFn: endOtherSessions,
    onSuccess: () => {
      onClose();
      showToast({ text: "All other sessions ended" });
    },
    onSettled: () => queryClient.invalidateQueries(sessionsQuery),
  });
  return (
    <FormDialog
      title="End all other sessions?"
      lead="Every other browser and device has to sign in again. This one stays."
      submit="End them"
      danger
      busy={ending.isPending}
      error={ending.error}
      onSubmit={() => ending.mutate()}
      onClose={onClose}
    />
  );
}
