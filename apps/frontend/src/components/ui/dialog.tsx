import { useEffect, useRef, type ReactNode } from "react";
import { cx } from "@/lib/cx";

type DialogProps = {
  label: string;
  onClose: () => void;
  children: ReactNode;
  className?: string;
};

/**
 * A modal over the platform's own <dialog>: it keeps the focus inside, makes the rest inert, closes
 * on Escape and gives the focus back. Libraries that do this inject style elements, which the
 * Content-Security-Policy forbids. Shown for as long as it is mounted.
 */
export function Dialog({ label, onClose, children, className }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);

  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events -- a click beside the box; Escape is the same by keyboard
    <dialog
      ref={ref}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
      className={cx(
        "motion-pop fixed m-auto w-[min(calc(100vw-2rem),28rem)] overflow-hidden rounded-2xl border border-line bg-raised p-0 shadow-float backdrop:bg-[var(--scrim)]",
        className,
      )}
    >
      {children}
    </dialog>
  );
}
