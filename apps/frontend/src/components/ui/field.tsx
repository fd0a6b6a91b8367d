import { useId, type ComponentProps, type ReactNode } from "react";
import { cx } from "@/lib/cx";

type FieldProps = ComponentProps<"input"> & {
  label: string;
  hint?: string;
  error?: string | undefined;
  /** Stands inside the field, at its end. */
  action?: ReactNode;
};

/** A labelled input with its hint and its error, tied together for screen readers. */
export function Field({ label, hint, error, action, className, ...input }: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = error ?? hint;
  return (
    <div className={cx("grid gap-1.5", className)}>
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <div className="relative">
        <input
          id={id}
          aria-invalid={error !== undefined}
          aria-describedby={note === undefined ? undefined : noteId}
          className={cx(
            "h-11 w-full rounded-xl border bg-raised px-3.5 text-[16px] transition-colors duration-150 placeholder:text-faint sm:text-base",
            error === undefined ? "border-line-strong hover:border-faint" : "border-danger",
            action !== undefined && "pr-12",
          )}
          {...input}
        />
        {action !== undefined && (
          <div className="absolute inset-y-0 right-1.5 flex items-center">{action}</div>
        )}
      </div>
      {note !== undefined && (
        <p
          id={noteId}
          className={cx("text-sm", error === undefined ? "text-faint" : "text-danger")}
        >
          {note}
        </p>
      )}
    </div>
  );
}
