/** Finds the formulas that have lines of their own: these may have empty lines, which none within a text goes over. */
import type { Written } from "./math-signs";

export type FormulaLines = {
  /** Its first line, and the one after its last. */
  from: number;
  to: number;
  /** What stands before it: the marks of a quotation or of a list. */
  margin: string;
  written: Written;
  inside: string;
  /** If not, the text ends before the formula does. */
  isClosed: boolean;
};

/** An environment has its signs within; the others have theirs on lines that have nothing else. */
type Kind = { written: Written; closer: RegExp; foreign: RegExp };

const mostLines = 40;
const margin = String.raw`^(?<margin>(?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*)`;
const fence = new RegExp(margin + "(?<sign>`{3,}|~{3,})[^`]*$");
const sign = new RegExp(margin + String.raw`(?<sign>\$\$|\\\[)[ \t]*$`);
const environment = new RegExp(
  margin + String.raw`(?<inside>\\begin\{(?<name>(?:align|aligned|equation|gather)\*?)\}.*)`,
);

const kinds: Record<string, Kind | undefined> = {
  $$: { written: "$$", closer: /^[ \t>]*\$\$[ \t]*$/, foreign: /\$\$/ },
  "\\[": { written: "\\[", closer: /^[ \t>]*\\\][ \t]*$/, foreign: /(?<!\\)\\[[\]]/ },
};

function environmentCalled(name: string): Kind {
  const braced = String.raw`\{${name.replace("*", "\\*")}\}`;
  const closer = new RegExp(String.raw`\\end${braced}[ \t]*$`);
  return { written: "", closer, foreign: new RegExp(String.raw`\\begin${braced}`) };
}

/** Two words in a row, and no sign of maths beside them, nor one of a comment. */
function isProse(line: string): boolean {
  return !/[\\^_=&%]/.test(line) && /\p{L}{2,}[ \t]+\p{L}{2,}/u.test(line);
}

export function formulasOnLines(lines: readonly string[]): FormulaLines[] {
  const found: FormulaLines[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const code = fence.exec(lines[at] ?? "")?.groups?.sign;
    const formula = code === undefined ? formulaAt(lines, at) : null;
    if (code !== undefined) at = endOfCode(lines, at, code);
    if (formula === null) continue;
    found.push(formula);
    at = formula.to - 1;
  }
  return found;
}

function endOfCode(lines: readonly string[], from: number, sign: string): number {
  const closer = new RegExp(`^[ \\t>]*${sign}[\`~]*[ \\t]*$`);
  const end = lines.findIndex((line, at) => at > from && closer.test(line));
  return end < 0 ? lines.length : end;
}

function formulaAt(lines: readonly string[], from: number): FormulaLines | null {
  const line = lines[from] ?? "";
  const begun = (environment.exec(line) ?? sign.exec(line))?.groups;
  if (begun === undefined) return null;
  const { name, inside = "" } = begun;
  const kind = name === undefined ? kinds[begun.sign ?? ""] : environmentCalled(name);
  if (kind === undefined) return null;
  const to = endOfFormula(lines, from, kind);
  if (to === null) return null;
  const isClosed = to <= lines.length;
  const rest = lines.slice(from + 1, name === undefined ? to - 1 : to);
  return {
    from,
    to: Math.min(to, lines.length),
    margin: begun.margin ?? "",
    written: kind.written,
    inside: [inside, ...rest].join("\n"),
    isClosed,
  };
}

/** The line after its last, which is beyond the text where that ends too early; null where it is no formula. */
function endOfFormula(lines: readonly string[], from: number, kind: Kind): number | null {
  if (kind.written === "" && kind.closer.test(lines[from] ?? "")) return from + 1;
  for (let at = from + 1; at <= from + mostLines; at += 1) {
    const line = lines[at];
    if (line === undefined) return lines.length + 1;
    if (kind.closer.test(line)) return at + 1;
    if (kind.foreign.test(line) || fence.test(line) || isProse(line)) return null;
  }
  return null;
}
