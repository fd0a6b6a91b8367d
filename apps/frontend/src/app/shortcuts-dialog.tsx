import { X } from "lucide-react";
import { Dialog } from "@/components/ui/dialog";
import { Keys } from "@/components/ui/keys";
import { shortcuts } from "@/lib/shortcuts";

const inPlace = [
  { combo: "enter", label: "Send the message" },
  { combo: "shift+enter", label: "Break the line" },
  { combo: "escape", label: "Stop the answer" },
  { combo: "arrowup", label: "Edit the last message, from an empty field" },
  { combo: "mod+enter", label: "Send a message that was edited" },
  { combo: "f2", label: "Rename the chat in focus" },
  { combo: "delete", label: "Delete the chat in focus" },
];

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog label="Keyboard shortcuts" keepsShortcuts onClose={onClose}>
      <div className="flex items-center justify-between pt-3.5 pr-3.5 pl-5">
        <h2 className="text-lg font-semibold tracking-[-0.015em]">Keyboard shortcuts</h2>
        <button
          type="button"
          aria-label="Close"
          onClick={onClose}
          className="grid size-8 place-items-center rounded-lg text-soft hover:bg-hover hover:text-ink"
        >
          <X className="size-4" aria-hidden="true" />
        </button>
      </div>
      <dl className="px-5 pt-2 pb-5 text-sm">
        {[...Object.values(shortcuts), ...inPlace].map(({ combo, label }) => (
          <div
            key={combo}
            className="flex items-center justify-between gap-4 border-b border-line py-2.5 last:border-b-0"
          >
            <dt className="text-soft">{label}</dt>
            <dd>
              <Keys
                combo={combo}
                className="rounded-md border border-line-strong bg-panel px-2 py-1 font-medium"
              />
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
