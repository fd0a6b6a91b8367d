import { createStore } from "./store";
import { readStored, removeStored, writeStored } from "./storage";

export type Theme = "light" | "dark" | "system";

const key = "theme";
const systemDark = matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme {
  const value = readStored(key);
  return value === "light" || value === "dark" ? value : "system";
}

export const theme = createStore<Theme>(stored());

export function setTheme(next: Theme): void {
  if (next === "system") removeStored(key);
  else writeStored(key, next);
  theme.set(next);
  apply();
}

/** Does again what public/theme.js did before the first paint. */
function apply(): void {
  const choice = theme.get();
  const dark = choice === "dark" || (choice === "system" && systemDark.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document
    .querySelector('meta[name="theme-color"]')
    ?.setAttribute("content", dark ? "#111716" : "#fdfefd");
}

systemDark.addEventListener("change", apply);
globalThis.addEventListener("storage", ({ key: changed }) => {
  if (changed !== `webplus.${key}`) return;
  theme.set(stored());
  apply();
});
