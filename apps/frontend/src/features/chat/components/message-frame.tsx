import { type ReactNode, type RefObject, useRef } from "react";
import { useFoundWords } from "../hooks/use-found-words";

type MessageFrameProps = {
  /** It was opened from a search. */
  found: boolean;
  scroller: RefObject<HTMLElement | null>;
  children: ReactNode;
};

export function MessageFrame({ found, scroller, children }: MessageFrameProps) {
  const frame = useRef<HTMLDivElement>(null);
  useFoundWords(frame, scroller, found);
  return (
    <div
      ref={frame}
      data-found={found}
      className="mx-auto max-w-[46rem] rounded-2xl px-4 pb-4 data-[found=true]:bg-accent-wash data-[found=true]:pt-3 sm:px-6"
    >
      {children}
    </div>
  );
}
