import { formulasOnLines } from "./formula-lines";
import { dollarsOf, type Written } from "./math-signs";

/**
 * Finds the formulas of a text and writes each in one line, between as many dollars as tell how it was
 * written. Models write `$…$`, `\(…\)`, `$$…$$` and `\[…\]`, over several lines, in which Markdown
 * would see lists, headings and emphasis.
 *
 * Money stays money: as in pandoc, a formula has no space inside its dollars and no digit after them.
 */

/** What is left as it is comes first: at each place the first of these that fits is taken. */
const parts = new RegExp(
  [
    // Code: a fence to its end or that of the text, a piece between backticks, a lone backtick.
    String.raw`^(?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*(?<fence>\x60{3,}|~{3,})[^\n\x60]*(?:\n(?:[^]*?\n)??[ \t>]*\k<fence>[\x60~]*[ \t]*$|(?:\n[^]*)?(?![^]))`,
    String.raw`(?<ticks>\x60+)(?:(?!\n[ \t]*\n)[^])*?[^\x60]\k<ticks>(?!\x60)`,
    String.raw`\x60+`,
    // Formulas within a text: none goes over an empty line.
    String.raw`\$\$(?!\$)(?<dollars>(?:(?!\n[ \t>]*\n|\$\$)[^])+)\$\$(?!\$)`,
    String.raw`\\\[(?<brackets>(?:(?!\n[ \t>]*\n|\\\])[^])+)\\\]`,
    String.raw`\\\((?<parens>(?:(?!\n[ \t>]*\n|\\\))[^])+)\\\)`,
    // One that has begun to be written, at the end of the text.
    String.raw`(?<open>\$\$|\\\[)(?:(?!\n[ \t>]*\n)[^])*(?![^])`,
    // Escapes, other dollars in a row, and a dollar within a word: "US$".
    String.raw`\\[^\n]|\${2,}|[0-9A-Za-z]\$(?!\$)`,
    String.raw`\$(?![\s$])(?<inline>(?:[^$\n\\]|\\[^\n])*?(?:[^$\n\\\s]|\\[^\n]))\$(?![0-9A-Za-z$])`,
  ].join("|"),
  "gm",
);

type Groups = Partial<
  Record<"dollars" | "brackets" | "parens" | "open" | "inline", string | undefined>
>;

/** With `streaming`, the end of the text may be half a formula, which is not shown yet. */
export function markMath(text: string, streaming = false): string {
  if (!/\$|\\(?:[([]|begin\{)/.test(text)) return text;
  const lines = text.split("\n");
  const done: string[] = [];
  let next = 0;
  for (const { from, to, margin, written, inside, isClosed } of formulasOnLines(lines)) {
    if (!isClosed && !streaming) break; // it never will be: its signs are shown
    if (from > next) done.push(markWithin(lines.slice(next, from).join("\n"), false));
    done.push(margin + (isClosed ? marked(written, inside, margin) : ""));
    next = to;
  }
  if (next < lines.length) done.push(markWithin(lines.slice(next).join("\n"), streaming));
  return done.join("\n");
}

function markWithin(text: string, streaming: boolean): string {
  return text.replace(parts, (match: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Groups;
    const before = lineBefore(text, rest.at(-3) as number);
    const { dollars, brackets, parens, open, inline } = groups;
    if (inline !== undefined) return marked("$", inline, before);
    if (parens !== undefined) return marked("\\(", parens, before);
    if (dollars !== undefined) return marked("$$", dollars, before);
    if (brackets !== undefined && isFormula(brackets, before))
      return marked("\\[", brackets, before);
    if (brackets !== undefined) return match;
    if (open !== undefined) return unfinished(match, open, before, streaming);
    return match.startsWith("$$") ? escaped(match) : match;
  });
}

function lineBefore(text: string, offset: number): string {
  return text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
}

const onlyMarkers = /^(?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*$/;

/** What only formulas have: a command, an index or an exponent. */
const mathSigns = /\\[A-Za-z]|[\^_]/;

/** `\[1\]` among words is an escaped bracket. */
function isFormula(inside: string, before: string): boolean {
  return onlyMarkers.test(before) || /^\s/.test(inside) || mathSigns.test(inside);
}

function unfinished(match: string, open: string, before: string, streaming: boolean): string {
  const inside = match.slice(open.length);
  if (streaming && (open === "$$" || isFormula(inside, before))) return "";
  return (open === "$$" ? escaped(open) : open) + markMath(inside, streaming);
}

/** Two dollars in a row that begin nothing must not be taken for a formula later on. */
function escaped(dollars: string): string {
  return dollars.replace(/\$/g, "\\$");
}

function marked(written: Written, inside: string, before: string): string {
  const margin = before.trimStart().startsWith(">")
    ? /(?:\n[ \t]*(?:>[ \t]?)*)+/g
    : /(?:\n[ \t]*)+/g;
  const line = inside
    .replace(/(^|[^\\])%.*$/gm, "$1")
    .replace(margin, " ")
    .trim();
  // A line of a table is cut at its bars.
  const source = before.trimStart().startsWith("|")
    ? line.replace(/(^|[^\\])\|/g, "$1\\vert ")
    : line;
  const mark = dollarsOf(written);
  return `${mark} ${source} ${mark}`;
}
