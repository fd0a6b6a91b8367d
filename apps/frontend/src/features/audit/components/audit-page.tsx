import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Download, ScrollText } from "lucide-react";
import { useState } from "react";
import { download } from "@/api/download";
import { errorText } from "@/api/problem";
import { Button } from "@/components/ui/button";
import { ListEmpty, ListFailed, ListLoading } from "@/components/ui/list-state";
import { MoreWhenSeen } from "@/components/ui/more-when-seen";
import { Section } from "@/components/ui/section";
import { itemsOf } from "@/lib/pages";
import { showToast } from "@/lib/toasts";
import { auditQuery, useNames, type AuditFilter } from "../api";
import { AuditFilters, type Person } from "./audit-filters";
import { AuditList } from "./audit-list";

export function AuditPage() {
  const [filter, setFilter] = useState<AuditFilter>({});
  const [person, setPerson] = useState<Person | null>(null);
  const exporting = useMutation({
    mutationFn: () => download("/api/v1/audit/export", "audit.jsonl"),
    onError: (error) => showToast({ tone: "danger", text: `Not exported: ${errorText(error)}` }),
  });
  return (
    <Section
      title="Audit log"
      lead="Who did what, from where, and whether it was allowed. Rows are chained: none can be changed or taken out unseen."
      actions={
        <Button busy={exporting.isPending} onClick={() => exporting.mutate()}>
          {!exporting.isPending && <Download className="size-4" aria-hidden="true" />}
          Export
        </Button>
      }
    >
      <AuditFilters person={person} onPerson={setPerson} filter={filter} onFilter={setFilter} />
      <Found
        filter={{ ...filter, ...(person !== null && { actor_id: person.id }) }}
        onPerson={setPerson}
      />
    </Section>
  );
}

type FoundProps = { filter: AuditFilter; onPerson: (person: Person) => void };

function Found({ filter, onPerson }: FoundProps) {
  const query = useInfiniteQuery(auditQuery(filter));
  const rows = query.data ? itemsOf(query.data) : [];
  const nameOf = useNames(rows);
  if (query.data === undefined) {
    return query.error ? (
      <ListFailed error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <ListLoading label="Loading the log" rows={8} />
    );
  }
  if (rows.length === 0) {
    return (
      <ListEmpty icon={ScrollText} title="Nothing of this kind">
        No row matches these filters.
      </ListEmpty>
    );
  }
  return (
    <>
      <AuditList rows={rows} nameOf={nameOf} onPerson={onPerson} />
      <MoreWhenSeen query={query} label="Loading more rows">
        <ListLoading label="" rows={3} />
      </MoreWhenSeen>
    </>
  );
}
