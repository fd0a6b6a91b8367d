import type { AuditRow } from "@/api/types";
import { Card } from "@/components/ui/section";
import type { NameOf } from "../api";
import type { Person } from "./audit-filters";
import { AuditEntry } from "./audit-entry";

type AuditListProps = {
  rows: readonly AuditRow[];
  nameOf: NameOf;
  onPerson: (person: Person) => void;
};

function dayOf({ at }: AuditRow): string {
  return new Date(at).toLocaleDateString(undefined, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  });
}

function byDay(rows: readonly AuditRow[]): [string, AuditRow[]][] {
  const days = new Map<string, AuditRow[]>();
  for (const row of rows) {
    const day = dayOf(row);
    const known = days.get(day);
    if (known) known.push(row);
    else days.set(day, [row]);
  }
  return [...days];
}

export function AuditList({ rows, nameOf, onPerson }: AuditListProps) {
  return (
    <div className="grid gap-6">
      {byDay(rows).map(([day, entries]) => (
        <section key={day} aria-label={day}>
          <h2 className="mb-2 px-1 text-sm font-medium text-faint">{day}</h2>
          <Card className="overflow-hidden">
            <ol className="divide-y divide-line">
              {entries.map((row) => (
                <AuditEntry key={row.seq} row={row} nameOf={nameOf} onPerson={onPerson} />
              ))}
            </ol>
          </Card>
        </section>
      ))}
    </div>
  );
}
