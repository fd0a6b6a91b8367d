import { expect, it } from "vitest";
import { dollarsOf, withSigns, writtenWith, type Written } from "./math-signs";

it.each([
  ["$", "$x$"],
  ["$$", "$$x$$"],
  ["\\(", "\\(x\\)"],
  ["\\[", "\\[x\\]"],
  ["", "x"],
] satisfies [Written, string][])("a formula in %s has its signs again", (written, whole) => {
  expect(withSigns("x", writtenWith(dollarsOf(written).length))).toBe(whole);
});
