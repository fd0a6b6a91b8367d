import { describe, expect, it } from "vitest";
import type { Model } from "@/api/types";
import { groupModels } from "./model-groups";

function model(id: string): Model {
  const [provider = "", ...rest] = id.split("/");
  return {
    id,
    name: rest.join("/"),
    provider,
    status: "ready",
    detail: null,
    context_window: null,
  };
}

const few = ["webplus/guide", "ollama/qwen3", "openai/gpt", "ollama/llama3.2"].map(model);
const many = [...few, ...["a", "b", "c", "d"].map((name) => model(`openai/${name}`))];

function shown(models: readonly Model[], typed: string, recent: string[] = []) {
  return groupModels(models, typed, recent).map(({ label, models }) => [
    label,
    ...models.map(({ name }) => name),
  ]);
}

describe("the list of models", () => {
  it("is grouped by provider", () => {
    expect(shown(few, "", ["ollama/qwen3"])).toEqual([
      ["Built in", "guide"],
      ["Ollama", "qwen3", "llama3.2"],
      ["OpenAI-compatible", "gpt"],
    ]);
  });

  it("begins with those used last when it is long, each once, and only those that are there", () => {
    const recent = ["ollama/gone", "openai/c", "ollama/qwen3"];
    expect(shown(many, "", recent)).toEqual([
      ["Used last", "c", "qwen3"],
      ["Built in", "guide"],
      ["Ollama", "llama3.2"],
      ["OpenAI-compatible", "gpt", "a", "b", "d"],
    ]);
  });

  it("is filtered by name and provider, the better match first", () => {
    expect(shown(many, "llama", ["openai/c"])).toEqual([["Ollama", "llama3.2", "qwen3"]]);
    expect(shown(many, "ollama qw")).toEqual([["Ollama", "qwen3"]]);
    expect(shown(many, "nothing")).toEqual([]);
  });
});
