import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { useRef, useState, type ComponentProps } from "react";
import type { Model } from "@/api/types";
import { Popover } from "@/components/ui/popover";
import { touchOnly } from "@/lib/touch";
import { modelsQuery } from "../api";
import { rememberModel } from "../lib/recent-models";
import { ModelList } from "./model-list";
import { StatusDot } from "./status-dot";

type ModelPickerProps = {
  value: string;
  onChange: (id: string) => void;
  /** One was chosen, the same again or another: the focus is to go on to where one writes. */
  onChosen: () => void;
};

export function ModelPicker({ value, onChange, onChosen }: ModelPickerProps) {
  const [open, setOpen] = useState(false);
  const chosen = useRef(false);
  const { data } = useQuery(modelsQuery);
  const current = data?.find(({ id }) => id === value);
  const name = current?.name ?? value.split("/").at(-1) ?? value;
  const missing = data !== undefined && current === undefined;
  const choose = (id: string) => {
    chosen.current = true;
    setOpen(false);
    rememberModel(id);
    if (id !== value) onChange(id);
  };
  return (
    <Popover
      label="Choose a model"
      side="top"
      className="w-[min(22rem,calc(100vw-1.25rem))]"
      open={open}
      onOpenChange={setOpen}
      // The list itself, where a field in focus would open the keyboard over it.
      onOpenAutoFocus={(event) => {
        if (!touchOnly.matches) return;
        event.preventDefault();
        if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
      }}
      onCloseAutoFocus={(event) => {
        const goesOn = chosen.current && !touchOnly.matches;
        chosen.current = false;
        if (!goesOn) return;
        event.preventDefault();
        onChosen();
      }}
      trigger={<PickerButton name={name} status={statusOf(current, missing)} missing={missing} />}
    >
      <ModelList value={value} missing={missing ? name : null} onChoose={choose} />
    </Popover>
  );
}

function statusOf(current: Model | undefined, missing: boolean): Model["status"] | null {
  return current?.status ?? (missing ? "unavailable" : null);
}

type PickerButtonProps = ComponentProps<"button"> & {
  name: string;
  /** Null while it is not known. */
  status: Model["status"] | null;
  missing: boolean;
};

function PickerButton({ name, status, missing, ...rest }: PickerButtonProps) {
  return (
    <button
      type="button"
      aria-label={`Model: ${name}${missing ? ", not available" : ""}`}
      className="inline-flex h-9 max-w-full items-center gap-2 rounded-2xl px-3 text-sm font-medium text-soft transition-colors duration-150 hover:bg-hover hover:text-ink data-[state=open]:bg-hover"
      {...rest}
    >
      {status !== null && <StatusDot status={status} />}
      <span className="truncate">{name}</span>
      {missing && <span className="shrink-0 text-danger">not available</span>}
      <ChevronDown className="size-3.5 shrink-0 opacity-70" aria-hidden="true" />
    </button>
  );
}
