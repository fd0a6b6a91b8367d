/**
 * The end of a text that is still being written, so that what is not closed yet is not shown as
 * its signs: half a link as its words, half an emphasis or half a piece of code as if it ended here.
 */
export function mendTail(text: string): string {
  if (isInFence(text)) return text;
  const start = text.lastIndexOf("\n\n") + 1;
  // The brackets and stars of formulas are none of Markdown's.
  const formulas: string[] = [];
  const tail = text.slice(start).replace(formula, (whole) => {
    formulas.push(whole);
    return placeholder;
  });
  const mended = closeMarks(showHalfLink(tail));
  return text.slice(0, start) + mended.replaceAll(placeholder, (kept) => formulas.shift() ?? kept);
}

const formula = /(\${2,3}) .*? \1/g;
/** For private use: no text has a meaning for it. */
const placeholder = "\ue000";

function isInFence(text: string): boolean {
  const fences = text.match(/^ {0,3}(?:`{3,}|~{3,})/gm)?.length ?? 0;
  return fences % 2 === 1;
}

function showHalfLink(text: string): string {
  return text.replace(/!?\[([^\][\n]*)(?:\](?:\([^()\n]*)?)?$/, (half, words: string) =>
    // A box of a task list, and a footnote, begin in the same way.
    /^\[[ x^]?\]?$/i.test(half) ? half : words,
  );
}

function closeMarks(text: string): string {
  const code = (text.match(/`/g)?.length ?? 0) % 2 === 1;
  if (code) return text.endsWith("`") ? text.slice(0, -1) : `${text}\``;
  const strong = (text.replace(/`[^`]*`/g, "").match(/\*\*/g)?.length ?? 0) % 2 === 1;
  if (!strong) return text.replace(/(^|\s)\*$/, "$1");
  const open = text.replace(/\*+$/, "");
  return open.length < text.length && /(^|\s)$/.test(open) ? open : `${open.trimEnd()}**`;
}
