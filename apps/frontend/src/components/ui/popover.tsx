import { Popover as Primitive } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import { cx } from "@/lib/cx";
import { usePortalContainer } from "./portal";

type PopoverProps = {
  label: string;
  trigger: ReactElement;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  side?: "top" | "bottom";
  className?: string;
  onOpenAutoFocus?: (event: Event) => void;
  onCloseAutoFocus?: (event: Event) => void;
  children: ReactNode;
};

/** A box beside its button. Not modal, for the same reason as a menu. */
export function Popover({
  label,
  trigger,
  side = "bottom",
  className,
  onOpenAutoFocus,
  onCloseAutoFocus,
  children,
  ...state
}: PopoverProps) {
  return (
    <Primitive.Root {...state}>
      <Primitive.Trigger asChild>{trigger}</Primitive.Trigger>
      <Primitive.Portal container={usePortalContainer()}>
        <Primitive.Content
          aria-label={label}
          side={side}
          align="start"
          sideOffset={6}
          collisionPadding={10}
          {...(onOpenAutoFocus && { onOpenAutoFocus })}
          {...(onCloseAutoFocus && { onCloseAutoFocus })}
          className={cx(
            "motion-pop z-30 flex max-h-[min(28rem,var(--radix-popover-content-available-height))] flex-col rounded-xl border border-line bg-raised text-sm shadow-float focus:outline-none",
            className,
          )}
        >
          {children}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
