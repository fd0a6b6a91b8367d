import { touchOnly } from "@/lib/touch";

export const composerId = "composer";

/** After what was pressed is gone, where one writes on; but not where that would open a keyboard over the page. */
export function focusComposer(): void {
  if (!touchOnly.matches) document.getElementById(composerId)?.focus({ preventScroll: true });
}
