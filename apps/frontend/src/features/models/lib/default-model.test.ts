import { expect, it } from "vitest";
import type { Model } from "@/api/types";
import { defaultModel } from "./default-model";

function model(id: string, status: Model["status"] = "ready"): Model {
  return { id, name: id, provider: "", status, detail: null, context_window: null };
}

it("is the first that is ready and not the built-in one, but for questions about Web+", () => {
  const models = [
    model("webplus/guide"),
    model("ollama/away", "unavailable"),
    model("ollama/qwen3"),
    model("openai/gpt"),
  ];
  expect(defaultModel(models, false)).toBe("ollama/qwen3");
  expect(defaultModel(models, true)).toBe("webplus/guide");
});

it("is the built-in one where no other is ready, or none is known", () => {
  const models = [model("ollama/away", "unavailable"), model("webplus/guide")];
  expect(defaultModel(models, false)).toBe("webplus/guide");
  expect(defaultModel([], false)).toBe("webplus/guide");
});
