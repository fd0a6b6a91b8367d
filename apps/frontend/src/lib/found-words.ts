import { createStore } from "./store";

/** What was searched for when a message was opened: who shows the message marks it. */
export const foundWords = createStore<readonly string[]>([]);

/** Scripts that put no spaces between words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

function pattern(word: string): string {
  const text = escaped(word);
  return unspaced.test(word) ? text : `(?<![\\p{L}\\p{N}])${text}(?![\\p{L}\\p{N}])`;
}

/** The words of a query, and what they looked like where they were found. */
export function wordsOf(query: string, hits: readonly string[]): string[] {
  const typed = query.split(/[^\p{L}\p{N}\p{M}]+/u);
  return [...new Set([...hits, ...typed])].filter((word) => word !== "");
}

/** Where a text has any of the words, each as a whole: [start, end]. */
export function placesOf(words: readonly string[], text: string): [number, number][] {
  if (words.length === 0) return [];
  const longestFirst = words.toSorted((a, b) => b.length - a.length);
  const any = new RegExp(longestFirst.map(pattern).join("|"), "giu");
  return [...text.matchAll(any)].map((match) => [match.index, match.index + match[0].length]);
}
