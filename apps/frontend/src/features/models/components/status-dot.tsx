import type { Model } from "@/api/types";
import { cx } from "@/lib/cx";

type Status = Model["status"];

export const statusText: Record<Status, string> = {
  ready: "Ready",
  loading: "Loading",
  unavailable: "Not available",
};

const looks: Record<Status, string> = {
  ready: "bg-positive",
  loading: "bg-warning motion-shimmer",
  unavailable: "bg-danger",
};

/** Always beside words that say the same, since a colour alone tells nothing to many. */
export function StatusDot({ status, className }: { status: Status; className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={cx("size-2 shrink-0 rounded-full", looks[status], className)}
    />
  );
}
