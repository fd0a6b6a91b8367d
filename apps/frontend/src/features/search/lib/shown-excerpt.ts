import type { SearchResult } from "@/api/types";
import { withoutSigns } from "@/lib/words";

type Segment = SearchResult["excerpt"][number];

/** For private use: no text has a meaning for them. */
const [begin, end] = ["\ue000", "\ue001"];
const either = new RegExp(`${begin}|${end}`, "g");

/** The excerpt without the signs of Markdown, which may begin before a hit and end after it. */
export function shownExcerpt(excerpt: readonly Segment[]): Segment[] {
  const marked = excerpt.map(({ hit, text }) => {
    const plain = text.replace(either, "");
    return hit ? begin + plain + end : plain;
  });
  const shown = withoutSigns(marked.join(""));
  // What was found may be in the address of a link.
  if (!shown.includes(begin)) return [...excerpt];
  return shown
    .split(either)
    .map((text, index) => ({ text, hit: index % 2 === 1 }))
    .filter(({ text }) => text !== "");
}
