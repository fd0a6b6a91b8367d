import { Check } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ComponentProps, ReactElement, ReactNode } from "react";
import { cx } from "@/lib/cx";
import { usePortalContainer } from "./portal";

type MenuProps = {
  trigger: ReactElement;
  children: ReactNode;
  side?: "top" | "bottom";
  align?: "start" | "end";
  className?: string;
  onOpenChange?: (open: boolean) => void;
  onCloseAutoFocus?: (event: Event) => void;
};

/** Not modal: a modal menu locks scrolling with an injected style, which the policy forbids. */
export function Menu({
  trigger,
  children,
  side = "bottom",
  align = "start",
  className,
  onOpenChange,
  onCloseAutoFocus,
}: MenuProps) {
  return (
    <DropdownMenu.Root modal={false} {...(onOpenChange && { onOpenChange })}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={usePortalContainer()}>
        <DropdownMenu.Content
          side={side}
          align={align}
          sideOffset={6}
          collisionPadding={10}
          {...(onCloseAutoFocus && { onCloseAutoFocus })}
          className={cx(
            "motion-pop z-30 max-h-[min(28rem,var(--radix-dropdown-menu-content-available-height))] min-w-48 overflow-y-auto rounded-xl border border-line bg-raised p-1.5 text-sm shadow-float focus:outline-none",
            className,
          )}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

const itemLook =
  "flex items-center gap-2.5 rounded-lg px-2.5 py-2 outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-hover";

type MenuItemProps = ComponentProps<typeof DropdownMenu.Item> & {
  icon?: ReactNode;
  danger?: boolean;
};

export function MenuItem({ icon, danger = false, children, className, ...rest }: MenuItemProps) {
  return (
    <DropdownMenu.Item
      className={cx(itemLook, danger && "text-danger data-[highlighted]:bg-danger-wash", className)}
      {...rest}
    >
      {icon}
      {children}
    </DropdownMenu.Item>
  );
}

export const MenuChoices = DropdownMenu.RadioGroup;

export function MenuChoice({
  children,
  className,
  ...rest
}: ComponentProps<typeof DropdownMenu.RadioItem>) {
  return (
    <DropdownMenu.RadioItem className={cx(itemLook, className)} {...rest}>
      {children}
      <span className="ml-auto grid size-4 shrink-0 place-items-center">
        <DropdownMenu.ItemIndicator>
          <Check className="size-4 text-accent" aria-hidden="true" />
        </DropdownMenu.ItemIndicator>
      </span>
    </DropdownMenu.RadioItem>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return (
    <DropdownMenu.Label className="px-2.5 pt-2 pb-1 text-xs font-medium text-faint">
      {children}
    </DropdownMenu.Label>
  );
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className="mx-1.5 my-1.5 h-px bg-line" />;
}
