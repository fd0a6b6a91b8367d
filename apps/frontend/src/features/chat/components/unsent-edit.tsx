import type { Message } from "@/api/types";
import { useStore } from "@/lib/store";
import { beginEdit, unsentEdit } from "../lib/editing";

/** That other words for it were begun and not sent, and the way back to them. */
export function UnsentEdit({ message, disabled }: { message: Message; disabled: boolean }) {
  const text = useStore(unsentEdit(message));
  if (text === "") return null;
  return (
    <button
      type="button"
      disabled={disabled}
      onClick={() => beginEdit(message)}
      className="h-8 rounded-lg px-2 text-sm font-medium text-accent hover:underline disabled:opacity-45"
    >
      Unsent edit
    </button>
  );
}
