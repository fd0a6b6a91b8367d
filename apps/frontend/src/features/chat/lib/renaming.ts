/** The chat whose title is being changed over its messages. */
import { createStore } from "@/lib/store";

export const renamingOpen = createStore<string | null>(null);
