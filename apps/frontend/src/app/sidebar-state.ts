import { createStore } from "@/lib/store";
import { readStored, writeStored } from "@/lib/storage";

const key = "sidebar";

/** Beside the chat on a wide screen; kept, since it is a matter of taste. */
export const sidebarPinned = createStore(readStored(key) !== "hidden");
/** Over the chat on a narrow one; closed again by whatever is chosen in it. */
export const sidebarDrawn = createStore(false);

const wide = matchMedia("(min-width: 48rem)");

export function toggleSidebar(): void {
  if (!wide.matches) {
    sidebarDrawn.set(!sidebarDrawn.get());
    return;
  }
  sidebarPinned.set(!sidebarPinned.get());
  writeStored(key, sidebarPinned.get() ? "shown" : "hidden");
}

wide.addEventListener("change", () => sidebarDrawn.set(false));
