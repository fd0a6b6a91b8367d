import { ArrowDown } from "lucide-react";
import { useState } from "react";
import type { Message } from "@/api/types";
import { useStore } from "@/lib/store";
import { streamOf } from "../lib/stream-hub";

/** Shown while the reader is away from the end; says so when something was added there since. */
export function NewContentPill({
  leaf,
  onClick,
}: {
  leaf: Message | undefined;
  onClick: () => void;
}) {
  const stream = useStore(streamOf(leaf?.id ?? ""));
  const mark = `${leaf?.id ?? ""}:${stream?.seq ?? leaf?.seq ?? 0}`;
  const [markWhenDetached] = useState(mark);
  const isNew = mark !== markWhenDetached;
  return (
    <div className="pointer-events-none absolute inset-x-0 bottom-3 z-10 grid place-items-center">
      <button
        type="button"
        onClick={onClick}
        className="motion-rise pointer-events-auto inline-flex h-9 items-center gap-2 rounded-full border border-line bg-raised px-3.5 text-sm font-medium text-ink shadow-float transition-colors duration-150 hover:bg-hover"
      >
        {isNew ? "New content" : "Latest"}
        <ArrowDown className={isNew ? "size-4 text-accent" : "size-4"} aria-hidden="true" />
      </button>
    </div>
  );
}
