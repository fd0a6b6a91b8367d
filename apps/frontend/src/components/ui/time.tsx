import { relativeTime } from "@/lib/time";

/** A time as people say it; the exact one on pointing at it. */
export function Time({ at, className }: { at: string; className?: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={date.toLocaleString()} className={className}>
      {relativeTime(date, new Date())}
    </time>
  );
}
