import { useEffect, useEffectEvent } from "react";

export const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** "mod" is Command on Apple's keyboards and Control on the others. */
export const shortcuts = {
  palette: { combo: "mod+k", label: "Search and commands" },
  newChat: { combo: "mod+shift+o", label: "New chat" },
  focusInput: { combo: "shift+escape", label: "Go to the message field" },
  help: { combo: "mod+/", label: "List of shortcuts" },
  sidebar: { combo: "mod+shift+s", label: "Show or hide the chat list" },
  copyLast: { combo: "mod+shift+c", label: "Copy the last answer" },
} as const;

export type ShortcutName = keyof typeof shortcuts;

const names: Record<string, [apple: string, other: string]> = {
  mod: ["⌘", "Ctrl"],
  shift: ["⇧", "Shift"],
  escape: ["Esc", "Esc"],
  enter: ["⏎", "Enter"],
};

export function displayKeys(combo: string): string {
  const parts = combo.split("+").map((part) => {
    const name = names[part];
    return name ? name[isApple ? 0 : 1] : part.toUpperCase();
  });
  return parts.join(isApple ? "" : "+");
}

export function matches(event: KeyboardEvent, combo: string): boolean {
  const parts = combo.split("+");
  const key = parts.at(-1);
  const mod = isApple ? event.metaKey : event.ctrlKey;
  const otherMod = isApple ? event.ctrlKey : event.metaKey;
  return (
    event.key.toLowerCase() === key &&
    mod === parts.includes("mod") &&
    !otherMod &&
    !event.altKey &&
    // A character that is typed with Shift on some layouts ("/" on a German one) comes with it.
    (event.shiftKey === parts.includes("shift") || key === "/")
  );
}

/** Listens on the whole page while the component that calls it is shown. */
export function useShortcut(name: ShortcutName, run: () => void): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    if (event.isComposing || !matches(event, shortcuts[name].combo)) return;
    event.preventDefault();
    run();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKeyDown(event);
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
