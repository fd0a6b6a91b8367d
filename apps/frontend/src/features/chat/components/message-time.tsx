import { cx } from "@/lib/cx";
import { clockTime } from "@/lib/time";

/** When it was said, for whoever points at the message; always where nothing can be pointed with. */
export function MessageTime({ at, className }: { at: string; className?: string }) {
  const date = new Date(at);
  return (
    <time
      dateTime={at}
      title={date.toLocaleString()}
      className={cx(
        "text-xs whitespace-nowrap text-faint opacity-0 transition-opacity duration-150 group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100",
        className,
      )}
    >
      {clockTime(date, new Date())}
    </time>
  );
}
