import { useId, useState } from "react";
import { cx } from "@/lib/cx";
import { CopyButton } from "./copy-button";

const longFrom = { characters: 1_400, lines: 18 };

export function UserMessage({ text, pending = false }: { text: string; pending?: boolean }) {
  const isLong = text.length > longFrom.characters || text.split("\n").length > longFrom.lines;
  const [open, setOpen] = useState(false);
  const bodyId = useId();
  return (
    <article aria-label="You" className="group flex flex-col items-end">
      <h2 className="sr-only">You said</h2>
      <div
        className={cx(
          "max-w-[85%] rounded-[1.25rem] rounded-br-md bg-bubble px-4 py-2.5 transition-opacity duration-150",
          pending && "opacity-60",
        )}
      >
        <div
          id={bodyId}
          className={cx(
            "text-[1rem] leading-[1.6] [overflow-wrap:anywhere] whitespace-pre-wrap",
            isLong && !open && "line-clamp-[12]",
          )}
        >
          {text}
        </div>
        {isLong && (
          <button
            type="button"
            aria-expanded={open}
            aria-controls={bodyId}
            onClick={() => setOpen(!open)}
            className="mt-1.5 rounded text-sm font-medium text-accent hover:underline"
          >
            {open ? "Show less" : "Show all"}
          </button>
        )}
      </div>
      <div className="mt-1 h-8 opacity-0 transition-opacity duration-150 group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100">
        {!pending && <CopyButton text={text} label="Copy message" />}
      </div>
    </article>
  );
}
