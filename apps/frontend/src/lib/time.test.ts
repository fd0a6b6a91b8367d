import { describe, expect, test } from "vitest";
import { clockTime, dateText, relativeTime } from "./time";

const now = new Date("2026-03-20T12:00:00Z");
const ago = (seconds: number) => relativeTime(new Date(now.getTime() - seconds * 1000), now, "en");

describe("relativeTime", () => {
  test.each([
    [0, "just now"],
    [59, "just now"],
    [60, "1 minute ago"],
    [59 * 60, "59 minutes ago"],
    [3600, "1 hour ago"],
    [23 * 3600, "23 hours ago"],
    [86_400, "yesterday"],
    [3 * 86_400, "3 days ago"],
    [-2 * 3600, "in 2 hours"],
    [-30, "in a moment"],
  ])("%d s ago is %s", (seconds, text) => expect(ago(seconds)).toBe(text));

  test("gives the date beyond a week, with the year when it is another", () => {
    expect(ago(10 * 86_400)).toBe("Mar 10");
    expect(dateText(new Date("2025-12-24T12:00:00Z"), now, "en")).toBe("Dec 24, 2025");
  });
});

describe("clockTime", () => {
  const noon = new Date(2026, 2, 20, 12);
  test.each([
    [new Date(2026, 2, 20, 0, 5), "00:05"],
    [new Date(2026, 2, 19, 23, 59), "19 Mar, 23:59"],
    [new Date(2025, 11, 24, 9, 30), "24 Dec 2025, 09:30"],
  ])("of %s is %s", (time, text) => expect(clockTime(time, noon, "en-GB")).toBe(text));
});
