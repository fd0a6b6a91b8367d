/** How the models stand in the list to choose from. Pure, so that every order is testable. */
import type { Model } from "@/api/types";
import { rank } from "@/lib/fuzzy";

export type ModelGroup = { label: string; models: Model[] };

/** From so many on one searches rather than looks. */
const searchedFrom = 7;
const mostRecent = 3;

const providerNames: Record<string, string> = {
  webplus: "Built in",
  ollama: "Ollama",
  openai: "OpenAI-compatible",
};

export function isSearched(models: readonly Model[]): boolean {
  return models.length >= searchedFrom;
}

/** Those that fit what was typed, by provider. With nothing typed, a long list begins with those used last. */
export function groupModels(
  models: readonly Model[],
  typed: string,
  recent: readonly string[],
): ModelGroup[] {
  if (typed.trim() !== "")
    return byProvider(rank(models, typed, ({ name, id }) => `${name} ${id}`));
  if (!isSearched(models)) return byProvider(models);
  const used = recent
    .flatMap((id) => models.find((model) => model.id === id) ?? [])
    .slice(0, mostRecent);
  const rest = byProvider(models)
    .map(({ label, models }) => ({
      label,
      models: models.filter((model) => !used.includes(model)),
    }))
    .filter((group) => group.models.length > 0);
  return used.length === 0 ? rest : [{ label: "Used last", models: used }, ...rest];
}

function byProvider(models: readonly Model[]): ModelGroup[] {
  const groups = new Map<string, Model[]>();
  for (const model of models) {
    const known = groups.get(model.provider);
    if (known) known.push(model);
    else groups.set(model.provider, [model]);
  }
  return [...groups].map(([provider, models]) => ({
    label: providerNames[provider] ?? provider,
    models,
  }));
}
