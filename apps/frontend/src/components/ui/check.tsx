import { useId, type ComponentProps } from "react";
import { cx } from "@/lib/cx";

type CheckProps = Omit<ComponentProps<"input">, "type"> & {
  type?: "checkbox" | "radio";
  label: string;
  doc?: string;
};

/** A box or a button to choose with, its name, and what choosing it means. */
export function Check({ type = "checkbox", label, doc, className, ...input }: CheckProps) {
  const id = useId();
  const nameId = `${id}-name`;
  const docId = `${id}-doc`;
  return (
    <div className={cx("flex gap-3 has-disabled:opacity-60", className)}>
      <input
        id={id}
        type={type}
        // The label as a whole is to be clicked; its name is the first line alone.
        aria-labelledby={nameId}
        aria-describedby={doc === undefined ? undefined : docId}
        className="mt-0.5 size-4.5 shrink-0 cursor-pointer accent-accent disabled:cursor-default"
        {...input}
      />
      <label htmlFor={id} className="min-w-0 flex-1 cursor-pointer">
        <span id={nameId} className="block text-sm font-medium">
          {label}
        </span>
        {doc !== undefined && (
          <span id={docId} className="block text-sm text-pretty text-faint">
            {doc}
          </span>
        )}
      </label>
    </div>
  );
}
