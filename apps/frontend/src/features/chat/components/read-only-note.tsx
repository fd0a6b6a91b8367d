import { Eye } from "lucide-react";

/** In the composer's place, for whoever may read and not write. */
export function ReadOnlyNote() {
  return (
    <div className="mx-auto w-full max-w-[46rem] px-3 pb-[calc(env(safe-area-inset-bottom)+0.75rem)] sm:px-6">
      <div
        role="note"
        className="flex items-center gap-3 rounded-2xl border border-line bg-panel px-5 py-4 text-sm text-soft"
      >
        <Eye className="size-4.5 shrink-0" aria-hidden="true" />
        <p className="text-pretty">
          Your role lets you read chats, not write in them. Ask an administrator if you need to.
        </p>
      </div>
    </div>
  );
}
