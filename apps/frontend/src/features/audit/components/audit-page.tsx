import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Download, ScrollText } from "lucide-react";
import { useMemo } from "react";
import { download } from "@/api/download";
import { errorText } from "@/api/problem";
import { Button } from "@/components/ui/button";
import { ListEmpty, ListFailed, ListLoading } from "@/components/ui/list-state";
import { MoreWhenSeen } from "@/components/ui/more-when-seen";
import { Section } from "@/components/ui/section";
import { itemsOf } from "@/lib/pages";
import { showToast } from "@/lib/toasts";
import { auditQuery, useNames, type AuditFilter } from "../api";
import { filterOf, type AuditView } from "../lib/view";
import { AuditFilters } from "./audit-filters";
import { AuditList } from "./audit-list";

type AuditPageProps = {
  /** What is chosen: it stands in the page's address, so that it can be shared and outlives a reload. */
  view: AuditView;
  onView: (view: AuditView) => void;
};

export function AuditPage({ view, onView }: AuditPageProps) {
  const { action, period, from, to, person } = view;
  // "Of the last hour" begins when it is chosen, not anew with each drawing.
  const filter = useMemo(
    () => filterOf({ action, period, from, to, person }, new Date()),
    [action, period, from, to, person],
  );
  const exporting = useMutation({
    mutationFn: () => download("/api/v1/audit/export", "audit.jsonl"),
    onError: (error) => showToast({ tone: "danger", text: `Not exported: ${errorText(error)}` }),
  });
  return (
    <Section
      title="Audit log"
      lead="Who did what, from where, and whether it was allowed. Rows are chained: none can be changed, or taken out of the middle, unseen."
      actions={
        <Button busy={exporting.isPending} onClick={() => exporting.mutate()}>
          {!exporting.isPending && <Download className="size-4" aria-hidden="true" />}
          Export all rows
        </Button>
      }
    >
      <AuditFilters view={view} onView={onView} />
      <Found filter={filter} onPerson={({ id }) => onView({ ...view, person: id })} />
    </Section>
  );
}

type FoundProps = { filter: AuditFilter; onPerson: (person: { id: string }) => void };

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
