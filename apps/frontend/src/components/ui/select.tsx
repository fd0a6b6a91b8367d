import { ChevronDown } from "lucide-react";
import { useId, type ComponentProps } from "react";
import { cx } from "@/lib/cx";

type SelectProps = Omit<ComponentProps<"select">, "size" | "children"> & {
  options: readonly { value: string; label: string }[];
  size?: "small" | "large";
};

const sizes = {
  small: "h-9 rounded-[10px] pr-8 pl-3 text-[16px] sm:text-sm",
  large: "h-11 rounded-xl pr-10 pl-3.5 text-[16px] sm:text-base",
};

/** The platform's own: it brings its keyboard, its touch wheel, and no injected styles. */
export function Select({ options, size = "small", className, ...rest }: SelectProps) {
  return (
    <span className={cx("relative inline-flex min-w-0", className)}>
      <select
        className={cx(
          "w-full min-w-0 cursor-pointer appearance-none truncate border border-line-strong bg-raised transition-colors duration-150 hover:border-faint disabled:cursor-default disabled:opacity-60",
          sizes[size],
        )}
        {...rest}
      >
        {options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <ChevronDown
        className="pointer-events-none absolute inset-y-0 right-2.5 my-auto size-4 text-faint"
        aria-hidden="true"
      />
    </span>
  );
}

type SelectFieldProps = SelectProps & { label: string; hint?: string };

export function SelectField({ label, hint, ...rest }: SelectFieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <Select
        id={id}
        size="large"
        aria-describedby={hint === undefined ? undefined : hintId}
        {...rest}
      />
      {hint !== undefined && (
        <p id={hintId} className="text-sm text-faint">
          {hint}
        </p>
      )}
    </div>
  );
}
