import { expect, test } from "vitest";
import { placesOf, wordsOf } from "./found-words";

const marked = (words: string[], text: string): string[] =>
  placesOf(words, text).map(([start, end]) => text.slice(start, end));

test("words are found whole, in any case, the longest first", () => {
  expect(marked(["cat"], "Cat, concatenate, CAT")).toEqual(["Cat", "CAT"]);
  expect(marked(["back", "back up"], "back up and back")).toEqual(["back up", "back"]);
  expect(marked(["größe"], "Die GRÖSSE und die Größe")).toEqual(["Größe"]);
});

test("scripts without spaces have no ends of words", () => {
  expect(marked(["東京"], "私は東京都に住む")).toEqual(["東京"]);
});

test("signs of regular expressions mean themselves", () => {
  expect(marked(["a.c", "(x)"], "abc a.c")).toEqual(["a.c"]);
  expect(placesOf([], "anything")).toEqual([]);
});

test("a query's words and what was found of them, each once", () => {
  expect(wordsOf('"terra incognita" Café', ["café"])).toEqual([
    "café",
    "terra",
    "incognita",
    "Café",
  ]);
  expect(wordsOf("  ", [])).toEqual([]);
});
