/**
 * Some models (DeepSeek-R1, Qwen3) write what they think before what they say, between <think> and
 * </think> at the very start of their answer. Elsewhere, and in code, these are words like others.
 */
export type Answer = {
  /** What was thought; null when nothing was. */
  reasoning: string | null;
  /** Still at it: nothing was said yet. */
  thinking: boolean;
  said: string;
};

const begin = "<think>";
const end = "</think>";
/** Whole blocks and pieces of code, where a tag is only quoted. */
const code = /^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ {0,3}\1|(`+)[^`\n]+\2(?!`)/gm;

/** With `streaming`, the end may be half of a tag. */
export function readAnswer(text: string, streaming = false): Answer {
  const start = text.trimStart();
  if (!start.startsWith(begin)) {
    const begun = streaming && start !== "" && begin.startsWith(start);
    return { reasoning: null, thinking: begun, said: begun ? "" : text };
  }
  const inner = start.slice(begin.length);
  const at = endOf(inner);
  if (at >= 0) {
    const said = inner.slice(at + end.length).trimStart();
    return { reasoning: orNull(inner.slice(0, at)), thinking: false, said };
  }
  const reasoning = orNull(streaming ? withoutHalfTag(inner) : inner);
  return { reasoning, thinking: streaming, said: "" };
}

function endOf(inner: string): number {
  const first = inner.indexOf(end);
  if (first < 0) return first;
  return inner.replace(code, (quoted) => " ".repeat(quoted.length)).indexOf(end);
}

function orNull(text: string): string | null {
  const trimmed = text.trim();
  return trimmed === "" ? null : trimmed;
}

function withoutHalfTag(text: string): string {
  const at = text.lastIndexOf("<");
  return at >= 0 && end.startsWith(text.slice(at)) ? text.slice(0, at) : text;
}
