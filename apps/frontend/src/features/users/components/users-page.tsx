import { useInfiniteQuery } from "@tanstack/react-query";
import { Search, UserPlus, Users } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { Button } from "@/components/ui/button";
import { ListEmpty, ListFailed, ListLoading } from "@/components/ui/list-state";
import { MoreWhenSeen } from "@/components/ui/more-when-seen";
import { Section } from "@/components/ui/section";
import { itemsOf } from "@/lib/pages";
import { usersQuery } from "../api";
import { Invitations } from "./invitations";
import { InviteDialog } from "./invite-dialog";
import { UsersTable } from "./users-table";

/** No longer than an e-mail address can be. */
function searchable(text: string): string {
  return text.trim().toLowerCase().slice(0, 254);
}

export function UsersPage({ ownId }: { ownId: string }) {
  const [text, setText] = useState("");
  const [inviting, setInviting] = useState(false);
  const q = useDeferredValue(searchable(text));
  return (
    <div className="grid gap-10">
      <Section
        title="Users"
        lead="Who may sign in, and what they may do. Changes take effect at once, wherever they are signed in."
        actions={
          <Button variant="primary" onClick={() => setInviting(true)}>
            <UserPlus className="size-4" aria-hidden="true" />
            Invite
          </Button>
        }
      >
        <SearchField value={text} onChange={setText} />
        <Found q={q} ownId={ownId} />
      </Section>
      <Invitations />
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </div>
  );
}

function SearchField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  return (
    <div className="relative max-w-sm">
      <Search
        className="pointer-events-none absolute inset-y-0 left-3.5 my-auto size-4 text-faint"
        aria-hidden="true"
      />
      <input
        type="search"
        aria-label="Find users by the beginning of their user name, or by their whole e-mail address"
        placeholder="User name or whole e-mail address"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="h-10 w-full rounded-xl border border-line-strong bg-raised pr-3 pl-10 text-[16px] placeholder:text-faint hover:border-faint sm:text-sm"
      />
    </div>
  );
}

function Found({ q, ownId }: { q: string; ownId: string }) {
  const query = useInfiniteQuery(usersQuery(q));
  const users = query.data ? itemsOf(query.data) : [];
  if (query.data && users.length === 0) {
    return (
      <ListEmpty icon={Users} title="No user found">
        {q.includes("@")
          ? "Nobody has this e-mail address. It has to be whole: addresses are stored encrypted."
          : "No user name begins with this."}
      </ListEmpty>
    );
  }
  if (query.data === undefined) {
    return query.error ? (
      <ListFailed error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <ListLoading label="Loading the users" rows={5} />
    );
  }
  return (
    <>
      <UsersTable users={users} ownId={ownId} />
      <MoreWhenSeen query={query} label="Loading more users">
        <ListLoading label="" rows={2} />
      </MoreWhenSeen>
    </>
  );
}
