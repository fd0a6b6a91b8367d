import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import type { AuditRow } from "@/api/types";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { NameOf } from "../api";
import { actionNames, detailsOf, sentenceOf } from "../lib/sentence";
import type { Person } from "./audit-filters";

type AuditEntryProps = { row: AuditRow; nameOf: NameOf; onPerson: (person: Person) => void };

/** One line that says it; all that the log holds, when it is opened. */
export function AuditEntry({ row, nameOf, onPerson }: AuditEntryProps) {
  const { who, what } = sentenceOf(row, nameOf);
  const at = new Date(row.at);
  return (
    <li>
      <details className="group">
        <summary className="flex cursor-pointer list-none items-center gap-3 px-4 py-3 text-sm hover:bg-hover focus-visible:-outline-offset-2 sm:gap-4 sm:px-5 [&::-webkit-details-marker]:hidden">
          <time
            dateTime={row.at}
            title={at.toLocaleString()}
            className="w-11 shrink-0 text-faint tabular-nums"
          >
            {at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false })}
          </time>
          <span className="min-w-0 flex-1 text-pretty">
            <span className="font-medium">{who}</span> <span className="text-soft">{what}</span>
          </span>
          {row.outcome === "refused" && <Badge tone="danger">Refused</Badge>}
          <span className="w-36 truncate text-right font-mono text-xs text-faint max-md:hidden">
            {detailsOf(row)?.address}
          </span>
          <ChevronRight
            className="size-4 shrink-0 text-faint transition-transform duration-150 group-open:rotate-90"
            aria-hidden="true"
          />
        </summary>
        <Facts row={row}>
          {row.actor_id !== "" && (
            <Button size="small" onClick={() => onPerson({ id: row.actor_id, name: who })}>
              All by {who}
            </Button>
          )}
        </Facts>
      </details>
    </li>
  );
}

function Facts({ row, children }: { row: AuditRow; children: ReactNode }) {
  const details = detailsOf(row);
  const facts: [string, string | undefined][] = [
    ["Number", String(row.seq)],
    ["Time", new Date(row.at).toISOString()],
    ["Action", `${actionNames[row.action]} (${row.action})`],
    ["Outcome", row.outcome],
    ["By account", row.actor_id],
    ["On", [row.object_kind, row.object_id].filter(Boolean).join(" ")],
    ["From", details?.address],
    ["Name as given", details?.username],
    ["Detail", details?.detail],
    ["Personal data", details === null ? "erased with the account" : undefined],
    ["Hash", row.hash],
  ];
  return (
    <div className="grid gap-3 border-t border-line bg-panel px-4 py-4 sm:pr-5 sm:pl-20">
      <dl className="grid gap-x-6 gap-y-1.5 text-xs sm:grid-cols-[7rem_1fr]">
        {facts
          .filter(([, value]) => value !== undefined && value !== "")
          .map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-faint max-sm:mt-1.5">{name}</dt>
              <dd className="font-mono [overflow-wrap:anywhere] text-soft">{value}</dd>
            </div>
          ))}
      </dl>
      <div>{children}</div>
    </div>
  );
}
