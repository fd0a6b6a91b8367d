/** Which model a new chat has for whoever has chosen none yet. */
import type { Model } from "@/api/types";

const builtIn = "webplus/guide";

/** The built-in one for questions about Web+, which are all that it knows, and where there is no other. */
export function defaultModel(models: readonly Model[], aboutWebPlus: boolean): string {
  if (aboutWebPlus) return builtIn;
  return models.find(({ id, status }) => id !== builtIn && status === "ready")?.id ?? builtIn;
}
