import { expect, it } from "vitest";
import { capitalised, shownTitle } from "./words";

it("shows names and titles as people write them", () => {
  expect(capitalised("ada")).toBe("Ada");
  expect(capitalised("")).toBe("");
  expect(shownTitle("")).toBe("New chat");
  expect(shownTitle("Plans")).toBe("Plans");
});
