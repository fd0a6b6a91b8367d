import { useLocation } from "@tanstack/react-router";
import { useLayoutEffect } from "react";

/** Scrolls to the heading that the address names, once it is there. */
export function useShownAnchor(enabled: boolean, text: string): void {
  const { hash } = useLocation();
  useLayoutEffect(() => {
    if (enabled && hash !== "") document.getElementById(hash)?.scrollIntoView();
  }, [enabled, hash, text]);
}
