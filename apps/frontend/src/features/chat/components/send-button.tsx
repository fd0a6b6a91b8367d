import { ArrowUp, Square } from "lucide-react";
import { useLayoutEffect, useRef } from "react";
import { Spinner } from "@/components/ui/spinner";
import { Tooltip } from "@/components/ui/tooltip";
import { cx } from "@/lib/cx";
import { focusComposer } from "../lib/focus-composer";

const look =
  "grid size-10 shrink-0 place-items-center rounded-2xl transition-[background-color,opacity,transform] duration-150 active:scale-95";

/** In its place, while an answer is written. */
export function StopButton({ stopping, onStop }: { stopping: boolean; onStop: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const element = button.current;
    // The answer may end by itself while the focus is here.
    return () => {
      if (element !== null && element === document.activeElement) focusComposer();
    };
  }, []);
  return (
    <Tooltip label="Stop" shortcut="escape" side="top">
      <button
        type="button"
        ref={button}
        aria-label="Stop"
        aria-disabled={stopping}
        onClick={() => {
          focusComposer();
          onStop();
        }}
        className={cx(look, "bg-ink text-canvas hover:opacity-85 aria-disabled:cursor-default!")}
      >
        {stopping ? (
          <Spinner className="size-4" />
        ) : (
          <Square className="size-3.5 fill-current" aria-hidden="true" />
        )}
      </button>
    </Tooltip>
  );
}

export function SendButton({ canSend, sending }: { canSend: boolean; sending: boolean }) {
  return (
    <Tooltip label="Send" shortcut="enter" side="top">
      <button
        type="submit"
        aria-label="Send"
        aria-disabled={!canSend}
        className={cx(
          look,
          canSend
            ? "bg-accent text-on-accent hover:bg-accent-strong"
            : "cursor-default! bg-hover text-faint",
        )}
      >
        {sending ? (
          <Spinner className="size-4" />
        ) : (
          <ArrowUp className="size-5" aria-hidden="true" />
        )}
      </button>
    </Tooltip>
  );
}
