import type { ReactNode } from "react";
import { Keys } from "@/components/ui/keys";
import { cx } from "@/lib/cx";
import type { Command } from "./commands";

type PaletteOptionProps = {
  id: string;
  active: boolean;
  onPoint: () => void;
  onChoose: () => void;
  children: ReactNode;
};

export function PaletteOption({ id, active, onPoint, onChoose, children }: PaletteOptionProps) {
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the combobox handles the keys
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      ref={(element) => {
        if (active) element?.scrollIntoView({ block: "nearest" });
      }}
      onPointerMove={onPoint}
      onClick={onChoose}
      className={cx("flex items-center gap-3 rounded-lg px-3 py-2.5 text-sm", active && "bg-hover")}
    >
      {children}
    </div>
  );
}

export function CommandLine({ command }: { command: Command }) {
  const Icon = command.icon;
  return (
    <>
      <Icon className="size-4 shrink-0 text-faint" aria-hidden="true" />
      <span className="min-w-0 flex-1 truncate">{command.label}</span>
      {command.shortcut !== undefined && <Keys combo={command.shortcut} className="text-faint" />}
    </>
  );
}
