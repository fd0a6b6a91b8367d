import { createContext, useContext } from "react";

/**
 * Where floating parts are put. Inside an open <dialog> it is the dialog: the rest of the page lies
 * beneath it and is inert.
 */
export const PortalContainer = createContext<HTMLElement | null>(null);

export function usePortalContainer(): HTMLElement | null {
  return useContext(PortalContainer);
}
