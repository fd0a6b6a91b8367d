import { cx } from "@/lib/cx";

/** The grey shape of something that is being fetched. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={cx("motion-shimmer rounded-lg bg-hover", className)} />;
}
