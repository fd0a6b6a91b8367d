import { cx } from "@/lib/cx";

/** The first letter of a name, for where a picture would be. */
export function Avatar({ name, className }: { name: string; className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={cx(
        "grid size-8 shrink-0 place-items-center rounded-full bg-accent-wash text-sm font-semibold text-accent uppercase",
        className,
      )}
    >
      {name.slice(0, 1)}
    </span>
  );
}
