import { cx } from "@/lib/cx";

/** The mark: a W whose last stroke is lifted into a plus. */
export function LogoMark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={cx("shrink-0", className)} aria-hidden="true">
      <rect width="32" height="32" rx="8.5" className="fill-[#0c665c]" />
      <path
        d="M6 11.5 9.8 22.5 13.6 13.5 17.4 22.5 20 15.2"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <path
        d="M23.4 6.8v7M19.9 10.3h7"
        fill="none"
        stroke="#7ff0d2"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
    </svg>
  );
}

export function Logo({ className }: { className?: string }) {
  return (
    <span className={cx("inline-flex items-center gap-2.5", className)}>
      <LogoMark className="size-7" />
      <span className="text-lg font-semibold tracking-[-0.02em]">
        Web<span className="text-accent">+</span>
      </span>
    </span>
  );
}
