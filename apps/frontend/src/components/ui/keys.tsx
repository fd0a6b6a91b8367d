import { cx } from "@/lib/cx";
import { displayKeys } from "@/lib/shortcuts";

/** A key combination as it is printed on this machine's keyboard. */
export function Keys({ combo, className }: { combo: string; className?: string }) {
  return (
    <kbd className={cx("font-sans text-xs tracking-wide whitespace-nowrap", className)}>
      {displayKeys(combo)}
    </kbd>
  );
}
