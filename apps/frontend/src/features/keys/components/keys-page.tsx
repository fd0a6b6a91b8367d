import { useInfiniteQuery } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import type { ApiKey } from "@/api/types";
import { Button } from "@/components/ui/button";
import { ListEmpty, ListFailed, ListLoading } from "@/components/ui/list-state";
import { MoreWhenSeen } from "@/components/ui/more-when-seen";
import { Card, Section } from "@/components/ui/section";
import { itemsOf } from "@/lib/pages";
import { keysQuery } from "../api";
import { CreateKey } from "./create-key";
import { KeyRow } from "./key-row";
import { RevokeKey } from "./revoke-key";

export function KeysPage() {
  const query = useInfiniteQuery(keysQuery);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const keys = query.data ? itemsOf(query.data) : [];
  const create = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus className="size-4" aria-hidden="true" />
      New key
    </Button>
  );
  return (
    <Section
      title="API keys"
      lead="For programs that use Web+ in your name. A key may do what you choose for it, and never more than you."
      actions={keys.length > 0 && create}
    >
      {query.data ? (
        keys.length > 0 ? (
          <Card>
            <ul className="divide-y divide-line">
              {keys.map((entry) => (
                <KeyRow key={entry.id} apiKey={entry} onRevoke={() => setRevoking(entry)} />
              ))}
            </ul>
          </Card>
        ) : (
          <ListEmpty icon={KeyRound} title="No keys yet" action={create}>
            Make one for each program, so that each can be revoked alone.
          </ListEmpty>
        )
      ) : query.error ? (
        <ListFailed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <ListLoading label="Loading the keys" />
      )}
      <MoreWhenSeen query={query} label="Loading more keys">
        <ListLoading label="" rows={1} />
      </MoreWhenSeen>
      {creating && <CreateKey onClose={() => setCreating(false)} />}
      {revoking && <RevokeKey apiKey={revoking} onClose={() => setRevoking(null)} />}
    </Section>
  );
}
