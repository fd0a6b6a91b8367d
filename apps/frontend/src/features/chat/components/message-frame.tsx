import { type ReactNode, type RefObject, useRef } from "react";
import { useFoundWords } from "../hooks/use-found-words";
import type { OpenedHit } from "../lib/opened-hit";

type MessageFrameProps = {
  /** It was opened from a search. */
  hit: OpenedHit | null;
  /** Just now: the message is washed with colour for a moment. */
  isFresh: boolean;
  scroller: RefObject<HTMLElement | null>;
  children: ReactNode;
};

export function MessageFrame({ hit, isFresh, scroller, children }: MessageFrameProps) {
  const frame = useRef<HTMLDivElement>(null);
  useFoundWords(frame, scroller, hit);
  return (
    <div
      ref={frame}
      data-found={hit !== null}
      data-fresh={hit !== null && isFresh}
      className="mx-auto max-w-[46rem] rounded-2xl px-4 pb-4 transition-colors duration-700 data-[found=true]:pt-3 data-[fresh=true]:bg-accent-wash sm:px-6"
    >
      {children}
    </div>
  );
}
