/** Those items whose text holds every word of the query, the better match first. */
export function rank<T>(items: readonly T[], query: string, textOf: (item: T) => string): T[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...items];
  return items
    .map((item) => ({ item, score: score(textOf(item).toLocaleLowerCase(), words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
}

/** 0 when a word is missing; else more for words at the start of the text, or of one of its words. */
function score(text: string, words: readonly string[]): number {
  let total = 0;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    const startsWord = at === 0 || new RegExp(`[^\\p{L}\\p{N}]${escape(word)}`, "u").test(text);
    total += at === 0 ? 3 : startsWord ? 2 : 1;
  }
  return total;
}

function escape(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
