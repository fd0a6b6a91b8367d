/** Which models were chosen last in this browser, the latest first. */
import { readStored, writeStored } from "@/lib/storage";

const key = "models";
const mostKept = 5;

export function recentModels(): string[] {
  return (readStored(key) ?? "").split("\n").filter(Boolean);
}

export function rememberModel(id: string): void {
  const others = recentModels().filter((other) => other !== id);
  writeStored(key, [id, ...others].slice(0, mostKept).join("\n"));
}
