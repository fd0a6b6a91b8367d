import { cx } from "@/lib/cx";
import { displayKeys } from "@/lib/shortcuts";

type KeysProps = {
  combo: string;
  className?: string;
  /** Beside a name that says enough. */
  decorative?: boolean;
};

/** A key combination as it is printed on this machine's keyboard. */
export function Keys({ combo, className, decorative = false }: KeysProps) {
  return (
    <kbd
      aria-hidden={decorative}
      className={cx("font-sans text-xs tracking-wide whitespace-nowrap", className)}
    >
      {displayKeys(combo)}
    </kbd>
  );
}
