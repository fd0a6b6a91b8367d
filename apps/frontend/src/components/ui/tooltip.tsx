import { Tooltip as Primitive } from "radix-ui";
import type { ReactElement } from "react";
import { Keys } from "./keys";
import { usePortalContainer } from "./portal";

type TooltipProps = {
  label: string;
  shortcut?: string | undefined;
  side?: "top" | "bottom" | "right";
  children: ReactElement;
};

export const TooltipProvider = Primitive.Provider;

export function Tooltip({ label, shortcut, side = "bottom", children }: TooltipProps) {
  return (
    <Primitive.Root>
      <Primitive.Trigger asChild>{children}</Primitive.Trigger>
      <Primitive.Portal container={usePortalContainer()}>
        <Primitive.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="motion-pop z-50 flex items-center gap-2 rounded-lg bg-ink px-2.5 py-1.5 text-xs font-medium text-canvas shadow-float select-none"
        >
          {label}
          {shortcut !== undefined && <Keys combo={shortcut} className="opacity-70" />}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
