import { Check } from "lucide-react";
import type { Model } from "@/api/types";
import { Option } from "@/components/ui/option";
import { cx } from "@/lib/cx";
import { StatusDot, statusText } from "./status-dot";

type ModelOptionProps = {
  id: string;
  model: Model;
  chosen: boolean;
  active: boolean;
  onPoint: () => void;
  onChoose: () => void;
};

export function ModelOption({ model, chosen, ...option }: ModelOptionProps) {
  const unavailable = model.status === "unavailable";
  return (
    <Option
      {...option}
      selected={chosen}
      disabled={unavailable}
      className="items-start gap-2.5 py-2"
    >
      <StatusDot status={model.status} className="mt-1.5" />
      <span className="min-w-0 flex-1">
        <span
          className={cx("block font-medium [overflow-wrap:anywhere]", unavailable && "text-faint")}
        >
          {model.name}
        </span>
        <span className="block text-xs text-faint">{describe(model)}</span>
      </span>
      {chosen && <Check className="mt-0.5 size-4 shrink-0 text-accent" aria-hidden="true" />}
    </Option>
  );
}

function describe({ status, detail, context_window }: Model): string {
  if (status !== "ready") return detail ?? statusText[status];
  if (context_window === null) return statusText.ready;
  return `${statusText.ready} · ${Math.round(context_window / 1000)}k context`;
}
