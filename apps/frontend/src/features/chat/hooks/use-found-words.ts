import { type RefObject, useEffect } from "react";
import { placesOf } from "@/lib/found-words";
import { isReached, type OpenedHit, reach } from "../lib/opened-hit";

const highlight = "found"; // in styles/prose.css
const stillFrames = 4;
const mostFrames = 60;

/** Marks what was searched for in the message that was opened for it, and leads to the first place. */
export function useFoundWords(
  message: RefObject<HTMLElement | null>,
  scroller: RefObject<HTMLElement | null>,
  hit: OpenedHit | null,
): void {
  useEffect(() => {
    const element = message.current;
    if (hit === null || element === null) return;
    let ranges: Range[] = [];
    const mark = () => {
      ranges = rangesOf(element, hit.words);
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not every browser has it
      CSS.highlights?.set(highlight, new Highlight(...ranges));
    };
    mark();
    const changes = new MutationObserver(mark); // code and formulas are drawn a moment later
    changes.observe(element, { childList: true, subtree: true, characterData: true });
    const stop = whenStill(scroller, () => {
      const [first] = ranges;
      if (!isReached(hit) && first !== undefined && scroller.current !== null)
        scrollTo(first, scroller.current);
      reach(hit);
    });
    return () => {
      stop();
      changes.disconnect();
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- as above
      CSS.highlights?.delete(highlight);
    };
  }, [message, scroller, hit]);
}

function rangesOf(element: HTMLElement, words: readonly string[]): Range[] {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const ranges: Range[] = [];
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode())
    for (const [start, end] of placesOf(words, node.nodeValue ?? "")) {
      const range = new Range();
      range.setStart(node, start);
      range.setEnd(node, end);
      ranges.push(range);
    }
  return ranges;
}

/** Where rows are measured as they come, the place of a row is known once it has stood still for some frames. */
function whenStill(scroller: RefObject<HTMLElement | null>, then: () => void): () => void {
  let [still, last, frames] = [0, NaN, 0];
  let frame = requestAnimationFrame(function look() {
    const top = scroller.current?.scrollTop ?? 0;
    still = top === last ? still + 1 : 0;
    last = top;
    frames += 1;
    if (still >= stillFrames || frames >= mostFrames) then();
    else frame = requestAnimationFrame(look);
  });
  return () => cancelAnimationFrame(frame);
}

/** To a third of the height, unless it is well in view. */
function scrollTo(range: Range, scroller: HTMLElement): void {
  const place = range.getBoundingClientRect();
  const view = scroller.getBoundingClientRect();
  const margin = view.height / 8;
  if (place.top > view.top + margin && place.bottom < view.bottom - margin) return;
  scroller.scrollTop += place.top - view.top - view.height / 3;
}
