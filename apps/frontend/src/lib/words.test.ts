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
  expect(withoutSigns("| a | b | |---|:--:| | 1 | 2 |")).toBe("| a | b | | 1 | 2 |");
  expect(withoutSigns("snake_case, a * b, x > y, #1, a | b")).toBe(
    "snake_case, a * b, x > y, #1, a | b",
  );
});
