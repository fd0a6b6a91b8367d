import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

type Tone = "plain" | "accent" | "danger" | "warning";

const looks: Record<Tone, string> = {
  plain: "bg-hover text-soft",
  accent: "bg-accent-wash text-accent",
  danger: "bg-danger-wash text-danger",
  warning: "bg-warning-wash text-warning",
};

type BadgeProps = { tone?: Tone; children: ReactNode; className?: string };

export function Badge({ tone = "plain", children, className }: BadgeProps) {
  return (
    <span
      className={cx(
        "inline-flex h-5.5 items-center rounded-full px-2 text-xs font-medium whitespace-nowrap",
        looks[tone],
        className,
      )}
    >
      {children}
    </span>
  );
}
