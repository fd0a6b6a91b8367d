import { useEffectEvent, useLayoutEffect } from "react";

export const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** None is the browser's own where that could be avoided. "mod" is Command on Apple's keyboards and Control on the others. */
export const shortcuts = {
  palette: { combo: "mod+k", label: "Search and commands" },
  newChat: { combo: "mod+shift+o", label: "New chat" },
  focusInput: { combo: "shift+escape", label: "Go to the message field" },
  help: { combo: "mod+/", label: "List of shortcuts" },
  sidebar: { combo: "mod+.", label: "Show or hide the chat list" },
  copyLast: { combo: "mod+shift+x", label: "Copy the last answer" },
} as const;

export type ShortcutName = keyof typeof shortcuts;

const names: Record<string, [apple: string, other: string]> = {
  mod: ["⌘", "Ctrl"],
  shift: ["⇧", "Shift"],
  escape: ["Esc", "Esc"],
  enter: ["⏎", "Enter"],
  delete: ["⌦", "Delete"],
  arrowup: ["↑", "↑"],
};

export function displayKeys(combo: string): string {
  const parts = combo.split("+").map((part) => {
    const name = names[part];
    return name ? name[isApple ? 0 : 1] : part.toUpperCase();
  });
  return parts.join(isApple ? "" : "+");
}

/** Typed with Shift on some layouts ("/" on a German one, "." on a French one). */
const shiftedSomewhere = ["/", "."];

/** The letter on a Latin keyboard, where a key types one of another alphabet. */
function keyOf({ key, code }: KeyboardEvent): string {
  const isForeign = key.length === 1 && key > "\u024f";
  const letter = /^Key([A-Z])$/.exec(code)?.[1] ?? { Slash: "/", Period: "." }[code];
  return (isForeign ? (letter ?? key) : key).toLowerCase();
}

export function matches(event: KeyboardEvent, combo: string): boolean {
  const parts = combo.split("+");
  const key = parts.at(-1) ?? "";
  const mod = isApple ? event.metaKey : event.ctrlKey;
  const otherMod = isApple ? event.ctrlKey : event.metaKey;
  return (
    keyOf(event) === key &&
    mod === parts.includes("mod") &&
    !otherMod &&
    !event.altKey &&
    (event.shiftKey === parts.includes("shift") || shiftedSomewhere.includes(key))
  );
}

/** A dialog that holds something to lose, a key that is shown once, is left by its own buttons alone. */
function isUnderDialog(): boolean {
  return document.querySelector("dialog[open]:not([data-keeps-shortcuts])") !== null;
}

/** Listens on the whole page while the component that calls it is shown, from the moment that it is: what is drawn, works. */
export function useShortcut(name: ShortcutName, run: () => void): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    if (event.isComposing || !matches(event, shortcuts[name].combo)) return;
    if (isUnderDialog()) return;
    event.preventDefault();
    if (!event.repeat) run();
  });
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => onKeyDown(event);
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
