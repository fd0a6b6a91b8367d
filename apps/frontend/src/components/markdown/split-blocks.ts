/**
 * Cuts Markdown into its top-level blocks, so that while an answer grows only its last block is
 * rendered again. The blocks before the last are finished: nothing that is appended to the text
 * can change them, and a later call reads on from where they end.
 */
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";

export type Blocks = { readonly text: string; readonly starts: readonly number[] };

export const noBlocks: Blocks = { text: "", starts: [] };

/** Formulas are in one line by now, which no block is cut within. */
const parser = unified().use(remarkParse).use(remarkGfm);
/** Link and footnote definitions are valid for the whole text, so it must stay whole. */
const definition = /^ {0,3}\[[^\]\n]+\]:/m;

export function splitBlocks(text: string, before: Blocks): Blocks {
  if (definition.test(text)) return { text, starts: [0] };
  const kept = keptStarts(text, before);
  const tailStart = kept.at(-1) ?? 0;
  const tree = parser.parse(text.slice(tailStart));
  const starts = tree.children.map(
    (node) => tailStart + lineStart(text, tailStart, node.position?.start.offset ?? 0),
  );
  return { text, starts: [...kept.slice(0, -1), tailStart, ...starts.slice(1)] };
}

/**
 * A formula that was closed changes the text from where it began. What comes before the block
 * before that one stays.
 */
function keptStarts(text: string, before: Blocks): readonly number[] {
  if (before.starts.length === 0) return [0];
  if (text.startsWith(before.text)) return before.starts;
  let same = 0;
  while (same < text.length && text[same] === before.text[same]) same += 1;
  const kept = before.starts.filter((start) => start < same).slice(0, -1);
  return kept.length === 0 ? [0] : kept;
}

/** A block begins with its line: the indentation before it is part of what it is. */
function lineStart(text: string, base: number, offset: number): number {
  return Math.max(text.lastIndexOf("\n", base + offset - 1) + 1, base) - base;
}

export function blockTexts({ text, starts }: Blocks): string[] {
  return starts.map((start, index) => text.slice(start, starts[index + 1]));
}
