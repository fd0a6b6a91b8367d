import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import type { Model } from "@/api/types";
import { Menu, MenuChoice, MenuChoices, MenuLabel } from "@/components/ui/menu";
import { modelsQuery } from "../api";
import { StatusDot, statusText } from "./status-dot";

type ModelPickerProps = { value: string; onChange: (id: string) => void };

const providerNames: Record<string, string> = {
  webplus: "Built in",
  ollama: "Ollama",
  openai: "OpenAI-compatible",
};

function groupByProvider(models: readonly Model[]): [string, Model[]][] {
  const groups = new Map<string, Model[]>();
  for (const model of models)
    groups.set(model.provider, [...(groups.get(model.provider) ?? []), model]);
  return [...groups];
}

export function ModelPicker({ value, onChange }: ModelPickerProps) {
  const { data = [] } = useQuery(modelsQuery);
  const current = data.find(({ id }) => id === value);
  const name = current?.name ?? value.split("/").at(-1) ?? value;
  return (
    <Menu
      side="top"
      className="w-[min(22rem,calc(100vw-2rem))]"
      trigger={
        <button
          type="button"
          aria-label={`Model: ${name}`}
          className="inline-flex h-9 max-w-full items-center gap-2 rounded-2xl px-3 text-sm font-medium text-soft transition-colors duration-150 hover:bg-hover hover:text-ink data-[state=open]:bg-hover"
        >
          <StatusDot status={current?.status ?? "loading"} />
          <span className="truncate">{name}</span>
          <ChevronDown className="size-3.5 shrink-0 opacity-70" aria-hidden="true" />
        </button>
      }
    >
      <MenuChoices value={value} onValueChange={onChange}>
        {groupByProvider(data).map(([provider, models]) => (
          <div key={provider} role="group" aria-label={providerNames[provider] ?? provider}>
            <MenuLabel>{providerNames[provider] ?? provider}</MenuLabel>
            {models.map((model) => (
              <ModelChoice key={model.id} model={model} />
            ))}
          </div>
        ))}
      </MenuChoices>
    </Menu>
  );
}

function ModelChoice({ model }: { model: Model }) {
  return (
    <MenuChoice value={model.id} disabled={model.status === "unavailable"} className="items-start">
      <StatusDot status={model.status} className="mt-1.5" />
      <span className="min-w-0">
        <span className="block font-medium">{model.name}</span>
        <span className="block text-xs text-faint">{describe(model)}</span>
      </span>
    </MenuChoice>
  );
}

function describe({ status, detail, context_window }: Model): string {
  if (status !== "ready") return detail ?? statusText[status];
  if (context_window === null) return statusText.ready;
  return `${statusText.ready} · ${Math.round(context_window / 1000)}k context`;
}
