import { cx } from "@/lib/cx";

/** The grey shape of something that is being fetched. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={cx("bg-hover motion-shimmer rounded-lg", className)} />;
}
