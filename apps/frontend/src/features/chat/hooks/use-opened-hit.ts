import { type RefObject, useEffect, useEffectEvent, useMemo, useState } from "react";
import { foundWords } from "@/lib/found-words";
import { useStore } from "@/lib/store";
import { isReached, isSameHit, lastReached, type OpenedHit, reach } from "../lib/opened-hit";

const washMs = 2_000;
const scrollKeys = ["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End", " "];

type Opened = {
  hit: OpenedHit | null;
  /** It was opened just now. */
  isFresh: boolean;
};

/**
 * The message that was opened from a search: `show` leads to it once it is there. A reader who scrolls meanwhile goes their
 * own way, and `letGo` ends what is under way.
 */
export function useOpenedHit(
  messageId: string | null,
  isThere: boolean,
  scroller: RefObject<HTMLElement | null>,
  { show, letGo }: { show: () => void; letGo: () => void },
): Opened {
  const words = useStore(foundWords);
  const hit = useMemo(() => (messageId === null ? null : { messageId, words }), [messageId, words]);
  const [faded, setFaded] = useState(lastReached);
  const lead = useEffectEvent(show);
  const leave = useEffectEvent(() => {
    if (hit === null || isReached(hit)) return;
    reach(hit);
    letGo();
  });
  useEffect(() => {
    if (hit === null || !isThere) return;
    if (!isReached(hit)) lead();
    const fade = setTimeout(() => setFaded(hit), washMs);
    const ignore = scroller.current && onScrolled(scroller.current, () => leave());
    return () => {
      clearTimeout(fade);
      ignore?.();
    };
  }, [hit, isThere, scroller]);
  return { hit, isFresh: hit !== null && !isSameHit(hit, faded) };
}

/** By the reader, not by the page. Returns what stops listening. */
function onScrolled(scroller: HTMLElement, then: () => void): () => void {
  const stop = new AbortController();
  const options = { passive: true, signal: stop.signal };
  for (const type of ["wheel", "touchmove", "pointerdown"] as const)
    scroller.addEventListener(type, then, options);
  const onKey = ({ key }: KeyboardEvent) => scrollKeys.includes(key) && then();
  scroller.addEventListener("keydown", onKey, options);
  return () => stop.abort();
}
