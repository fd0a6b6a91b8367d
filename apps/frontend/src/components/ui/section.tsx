import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

type SectionProps = {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** The first of its page is a heading of the first level. */
  level?: 1 | 2;
  className?: string;
};

/** A titled part of a page of settings. */
export function Section({ title, lead, actions, children, level = 1, className }: SectionProps) {
  const Heading = level === 1 ? "h1" : "h2";
  return (
    <section className={cx("grid gap-5", className)}>
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-[1_1_16rem]">
          <Heading
            className={cx("font-semibold tracking-[-0.02em]", level === 1 ? "text-xl" : "text-lg")}
          >
            {title}
          </Heading>
          {lead !== undefined && (
            <p className="mt-1 max-w-[60ch] text-sm text-pretty text-soft">{lead}</p>
          )}
        </div>
        {actions !== undefined && <div className="flex gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** A surface that holds rows or a form. */
export function Card({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <div className={cx("rounded-2xl border border-line bg-raised", className)}>{children}</div>
  );
}
