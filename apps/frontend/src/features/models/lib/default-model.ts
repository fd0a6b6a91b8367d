/** Which model a new chat has for whoever has chosen none yet. */
import type { Model } from "@/api/types";

const builtIn = "webplus/guide";

/** The built-in one only where there is no other: it is for questions about Web+ alone. */
export function defaultModel(models: readonly Model[]): string {
  return models.find(({ id, status }) => id !== builtIn && status === "ready")?.id ?? builtIn;
}
