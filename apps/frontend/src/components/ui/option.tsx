import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

type OptionProps = {
  id: string;
  active: boolean;
  /** It is the one that holds now; without it, the active one counts as selected. */
  selected?: boolean;
  disabled?: boolean;
  className?: string;
  onPoint: () => void;
  onChoose: () => void;
  children: ReactNode;
};

/** One of a list that is walked from a field: the field has the focus and handles the keys. */
export function Option({
  id,
  active,
  selected = active,
  disabled = false,
  className,
  onPoint,
  onChoose,
  children,
}: OptionProps) {
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the combobox handles the keys
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      aria-disabled={disabled || undefined}
      ref={(element) => {
        if (active) element?.scrollIntoView({ block: "nearest" });
      }}
      onPointerMove={onPoint}
      onClick={onChoose}
      className={cx(
        "flex items-center gap-3 rounded-lg px-3 py-2.5 text-sm aria-disabled:cursor-default!",
        active && "bg-selected",
        className,
      )}
    >
      {children}
    </div>
  );
}
