import { createStore, useStore } from "@/lib/store";

/** The modal dialogs that are open, the one on top last. All that lies beneath it is inert. */
const openDialogs = createStore<readonly HTMLDialogElement[]>([]);

/** Until the function that it returns is called. */
export function putOnTop(dialog: HTMLDialogElement): () => void {
  openDialogs.set([...openDialogs.get(), dialog]);
  return () => openDialogs.set(openDialogs.get().filter((other) => other !== dialog));
}

/** Where what concerns the whole page is put while a dialog is open; null: the page itself. */
export function useTopDialog(): HTMLDialogElement | null {
  return useStore(openDialogs).at(-1) ?? null;
}
