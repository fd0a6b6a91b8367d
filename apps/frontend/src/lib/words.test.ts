import { expect, it } from "vitest";
import { capitalised, shownTitle, withoutSigns } from "./words";

it("shows names and titles as people write them", () => {
  expect(capitalised("ada")).toBe("Ada");
  expect(capitalised("")).toBe("");
  expect(shownTitle("")).toBe("New chat");
  expect(shownTitle("Plans")).toBe("Plans");
});

it("shows a piece of Markdown without its signs", () => {
  expect(withoutSigns("## Backups **nightly**, with `restic`")).toBe(
    "Backups nightly, with restic",
  );
  expect(withoutSigns("# One\n> *two* and _three_ ## Four")).toBe("One\ntwo and three Four");
  expect(withoutSigns('see [the guide](https://x.org/a_(b) "c"), ![a picture](p.png)')).toBe(
    "see the guide, a picture",
  );
  expect(withoutSigns("cut off at [a link](https://exam")).toBe("cut off at a link");
  expect(withoutSigns("**Bold** words and ***both***, and **cut")).toBe(
    "Bold words and both, and cut",
  );
});

it("shows the cells of a table with dots between them", () => {
  expect(withoutSigns("| a | b |\n|---|:--:|\n| 1 | 2 |")).toBe("a · b · 1 · 2");
  expect(withoutSigns("| a | b | |---|:--:| | 1 | 2 |")).toBe("a · b · 1 · 2");
  expect(withoutSigns("| 1 | 2 |")).toBe("1 · 2");
});

it.each([
  "snake_case, a * b, x > y, #1, a | b",
  "__init__ and _private, *args",
  "2**10, 2 ** 10, 3*4*5",
  "cat a | grep b | wc, a || b",
  "[1] and f(x)[2] (see below)",
  "C # and F #",
])("leaves what may mean itself: %s", (text) => {
  expect(withoutSigns(text)).toBe(text);
});

it("shows titles without signs, unless they have nothing else", () => {
  expect(shownTitle("**Plans** for `x`")).toBe("Plans for x");
  expect(shownTitle("**")).toBe("**");
});
