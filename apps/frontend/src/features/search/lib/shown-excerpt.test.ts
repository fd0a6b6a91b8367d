import { expect, it } from "vitest";
import { shownExcerpt } from "./shown-excerpt";

const shown = (...parts: string[]) =>
  shownExcerpt(parts.map((text, index) => ({ text, hit: index % 2 === 1 })))
    .map(({ text, hit }) => (hit ? `<${text}>` : text))
    .join("");

it("takes away signs that go over a hit", () => {
  expect(shown("An *", "italic", " word* and [the ", "link", "](https://example.org)")).toBe(
    "An <italic> word and the <link>",
  );
  expect(shown("| a | ", "b", " |\n|---|---|\n| 1 | 2 |")).toBe("a · <b> · 1 · 2");
  expect(shown("", "snake", "_case stays")).toBe("<snake>_case stays");
});

it("keeps an address in which something was found", () => {
  expect(shown("[here](https://", "example", ".org)")).toBe("[here](https://<example>.org)");
});
