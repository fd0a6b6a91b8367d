import type { ComponentProps } from "react";
import { cx } from "@/lib/cx";
import { Spinner } from "./spinner";

type Variant = "primary" | "secondary" | "ghost" | "danger" | "destructive";

const looks: Record<Variant, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong",
  secondary: "border border-line-strong bg-raised text-ink hover:bg-hover",
  ghost: "text-soft hover:bg-hover hover:text-ink",
  danger: "border border-line-strong bg-raised text-danger hover:bg-danger-wash",
  // The last step of what cannot be undone; "danger" is the way to it.
  destructive: "bg-danger text-canvas hover:opacity-90",
};

type ButtonProps = ComponentProps<"button"> & {
  variant?: Variant;
  size?: "small" | "medium" | "large";
  busy?: boolean;
};

const sizes = {
  small: "h-8 gap-1.5 rounded-lg px-3 text-sm",
  medium: "h-9 gap-2 rounded-[10px] px-3.5 text-sm",
  large: "h-11 gap-2 rounded-xl px-5 text-base",
};

export function Button({
  variant = "secondary",
  size = "medium",
  busy = false,
  className,
  children,
  disabled,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      disabled={disabled === true || busy}
      className={cx(
        "inline-flex shrink-0 items-center justify-center font-medium whitespace-nowrap transition-colors duration-150 disabled:opacity-55",
        sizes[size],
        looks[variant],
        className,
      )}
      {...rest}
    >
      {busy && <Spinner className="size-4" />}
      {children}
    </button>
  );
}
