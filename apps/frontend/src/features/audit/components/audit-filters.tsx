import { X } from "lucide-react";
import { useMay } from "@/api/rights";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/select";
import { useName } from "../api";
import { actionNames } from "../lib/sentence";
import { periods } from "../lib/periods";
import { viewOf, type AuditView } from "../lib/view";
import { PersonFilter } from "./person-filter";

export type Person = { id: string; name: string };

type AuditFiltersProps = { view: AuditView; onView: (view: AuditView) => void };

const actionOptions = [
  { value: "", label: "All actions" },
  ...Object.entries(actionNames).map(([value, label]) => ({ value, label })),
];

const dateLook =
  "h-9 rounded-[10px] border border-line-strong bg-raised px-3 text-[16px] hover:border-faint sm:text-sm";

export function AuditFilters({ view, onView }: AuditFiltersProps) {
  const mayFind = useMay("users:manage");
  const { action = "", period = "", from = "", to = "", person } = view;
  const choose = (change: Record<string, string>) => onView(viewOf({ ...view, ...change }));

  return (
    <div role="group" aria-label="Filters" className="flex flex-wrap items-center gap-2">
      <Select
        aria-label="Action"
        className="max-sm:flex-1"
        options={actionOptions}
        value={action}
        onChange={(event) => choose({ action: event.target.value })}
      />
      <Select
        aria-label="Time"
        className="max-sm:flex-1"
        options={periods}
        value={period}
        onChange={(event) => choose({ period: event.target.value })}
      />
      {period === "between" && (
        <div className="flex items-center gap-2 text-sm text-faint">
          <input
            type="date"
            aria-label="From"
            className={dateLook}
            max={to}
            value={from}
            onChange={(event) => choose({ from: event.target.value })}
          />
          to
          <input
            type="date"
            aria-label="To"
            className={dateLook}
            min={from}
            value={to}
            onChange={(event) => choose({ to: event.target.value })}
          />
        </div>
      )}
      {person === undefined ? (
        mayFind && <PersonFilter onChosen={({ id }) => choose({ person: id })} />
      ) : (
        <ChosenPerson id={person} onGone={() => choose({ person: "" })} />
      )}
    </div>
  );
}

function ChosenPerson({ id, onGone }: { id: string; onGone: () => void }) {
  const name = useName(id);
  return (
    <Button aria-label={`By ${name}: show everybody again`} onClick={onGone}>
      By {name}
      <X className="size-3.5" aria-hidden="true" />
    </Button>
  );
}
