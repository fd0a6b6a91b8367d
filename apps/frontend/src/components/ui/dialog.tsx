import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { Modal } from "./modal";

type DialogProps = {
  label: string;
  onClose: () => void;
  children: ReactNode;
  className?: string;
  keepOnClickBeside?: boolean;
  keepsShortcuts?: boolean;
};

/** A modal box in the middle of the page. */
export function Dialog({ className, ...rest }: DialogProps) {
  return (
    <Modal
      {...rest}
      className={cx(
        "motion-pop fixed m-auto w-[min(calc(100vw-2rem),28rem)] rounded-2xl border border-line bg-raised p-0 shadow-float backdrop:bg-[var(--scrim)]",
        className,
      )}
    />
  );
}
