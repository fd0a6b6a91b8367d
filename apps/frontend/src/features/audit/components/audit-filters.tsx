import { X } from "lucide-react";
import { useState } from "react";
import { useMay } from "@/api/rights";
import type { AuditRow } from "@/api/types";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/select";
import type { AuditFilter } from "../api";
import { actionNames } from "../lib/sentence";
import { boundsOf, periods, type Period } from "../lib/periods";
import { PersonFilter } from "./person-filter";

export type Person = { id: string; name: string };

type AuditFiltersProps = {
  person: Person | null;
  onPerson: (person: Person | null) => void;
  filter: AuditFilter;
  onFilter: (filter: AuditFilter) => void;
};

const actionOptions = [
  { value: "", label: "All actions" },
  ...Object.entries(actionNames).map(([value, label]) => ({ value, label })),
];

const dateLook =
  "h-9 rounded-[10px] border border-line-strong bg-raised px-3 text-[16px] hover:border-faint sm:text-sm";

export function AuditFilters({ person, onPerson, filter, onFilter }: AuditFiltersProps) {
  const [period, setPeriod] = useState<Period>("");
  const [days, setDays] = useState({ from: "", to: "" });
  const mayFind = useMay("users:manage");
  const { action } = filter;

  function apply(next: { action?: string; period?: Period; days?: typeof days }) {
    const chosen = { action, period, days, ...next };
    setPeriod(chosen.period);
    setDays(chosen.days);
    onFilter({
      ...(chosen.action && { action: chosen.action as AuditRow["action"] }),
      ...boundsOf(chosen.period, chosen.days.from, chosen.days.to, new Date()),
    });
  }

  return (
    <div role="group" aria-label="Filters" className="flex flex-wrap items-center gap-2">
      <Select
        aria-label="Action"
        className="max-sm:flex-1"
        options={actionOptions}
        value={action ?? ""}
        onChange={(event) => apply({ action: event.target.value })}
      />
      <Select
        aria-label="Time"
        className="max-sm:flex-1"
        options={periods}
        value={period}
        onChange={(event) => apply({ period: event.target.value as Period })}
      />
      {period === "between" && (
        <div className="flex items-center gap-2 text-sm text-faint">
          <input
            type="date"
            aria-label="From"
            className={dateLook}
            max={days.to}
            value={days.from}
            onChange={(event) => apply({ days: { ...days, from: event.target.value } })}
          />
          to
          <input
            type="date"
            aria-label="To"
            className={dateLook}
            min={days.from}
            value={days.to}
            onChange={(event) => apply({ days: { ...days, to: event.target.value } })}
          />
        </div>
      )}
      {person === null ? (
        mayFind && <PersonFilter onChosen={onPerson} />
      ) : (
        <Button
          aria-label={`By ${person.name}: show everybody again`}
          onClick={() => onPerson(null)}
        >
          By {person.name}
          <X className="size-3.5" aria-hidden="true" />
        </Button>
      )}
    </div>
  );
}
