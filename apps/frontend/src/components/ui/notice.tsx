import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

type Tone = "danger" | "warning" | "plain";

const looks: Record<Tone, string> = {
  danger: "bg-danger-wash text-danger",
  warning: "bg-warning-wash text-warning",
  plain: "bg-panel text-soft",
};

const icons = { danger: CircleAlert, warning: TriangleAlert, plain: Info };

type NoticeProps = {
  tone: Tone;
  title?: string;
  children?: ReactNode;
  /** Buttons that mend what the notice tells. */
  actions?: ReactNode;
  className?: string;
};

export function Notice({ tone, title, children, actions, className }: NoticeProps) {
  const Icon = icons[tone];
  return (
    <div
      role={tone === "danger" ? "alert" : "status"}
      className={cx(
        "flex flex-wrap items-center gap-x-3 gap-y-2 rounded-xl px-3.5 py-2.5 text-sm",
        looks[tone],
        className,
      )}
    >
      <Icon
        className={cx("size-4 shrink-0", title !== undefined && "translate-y-0.5 self-start")}
        aria-hidden="true"
      />
      <div className="min-w-48 flex-1">
        {title !== undefined && <p className="font-semibold">{title}</p>}
        {children !== undefined && (
          <div className={title === undefined ? undefined : "text-soft"}>{children}</div>
        )}
      </div>
      {actions !== undefined && <div className="flex gap-2">{actions}</div>}
    </div>
  );
}
