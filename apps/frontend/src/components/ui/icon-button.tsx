import type { ComponentProps, ReactNode } from "react";
import { cx } from "@/lib/cx";
import { Tooltip } from "./tooltip";

type IconButtonProps = Omit<ComponentProps<"button">, "children" | "aria-label"> & {
  label: string;
  icon: ReactNode;
  /** Shown beside the label in the tooltip. */
  shortcut?: string;
  size?: "small" | "medium";
  /** The colour of the text around it, on a ground of its own. */
  inherits?: boolean;
  side?: "top" | "bottom" | "right";
};

/** A button that is only a picture: its label is its name for screen readers and its tooltip. */
export function IconButton({
  label,
  icon,
  shortcut,
  size = "medium",
  inherits = false,
  side = "bottom",
  className,
  type = "button",
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip label={label} shortcut={shortcut} side={side}>
      <button
        type={type}
        aria-label={label}
        className={cx(
          "inline-flex shrink-0 items-center justify-center transition-colors duration-150 disabled:opacity-45",
          inherits ? "hover:bg-current/15" : "text-soft hover:bg-hover hover:text-ink",
          size === "small" ? "size-8 rounded-lg" : "size-9 rounded-[10px]",
          className,
        )}
        {...rest}
      >
        {icon}
      </button>
    </Tooltip>
  );
}
