import { describe, expect, test } from "vitest";
import { dateText, relativeTime } from "./time";

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
