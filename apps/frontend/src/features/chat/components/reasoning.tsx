import { ChevronRight } from "lucide-react";
import { useId } from "react";
import { LazyMarkdown } from "@/components/markdown/lazy-markdown";
import { cx } from "@/lib/cx";
import { useStore } from "@/lib/store";
import { fold, unfold, unfolded } from "../lib/unfolded";

type ReasoningProps = { messageId: string; text: string; thinking: boolean };

/** What the model thought before it spoke: folded, since it is not the answer. */
export function Reasoning({ messageId, text, thinking }: ReasoningProps) {
  const open = useStore(unfolded).has(messageId);
  const bodyId = useId();
  return (
    <div className="mb-3">
      <button
        type="button"
        aria-expanded={open}
        aria-controls={bodyId}
        onClick={() => (open ? fold(messageId) : unfold(messageId))}
        className="-ml-2 inline-flex h-8 items-center gap-1.5 rounded-lg px-2 text-sm font-medium text-soft transition-colors duration-150 hover:bg-hover hover:text-ink"
      >
        <ChevronRight
          className={cx("size-4 transition-transform duration-150", open && "rotate-90")}
          aria-hidden="true"
        />
        <span className={cx(thinking && "motion-shimmer")}>
          {thinking ? "Thinking…" : "Thought for a moment"}
        </span>
      </button>
      <div id={bodyId} hidden={!open} className="mt-1.5 border-s-2 border-line ps-4 text-soft">
        {open && (
          <LazyMarkdown
            text={text}
            streaming={thinking}
            className="[--prose-size:var(--text-base)]"
          />
        )}
      </div>
    </div>
  );
}
