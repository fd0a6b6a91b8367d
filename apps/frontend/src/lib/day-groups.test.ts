import { describe, expect, it } from "vitest";
import { dayLabel, groupByDay } from "./day-groups";

const now = new Date(2026, 10, 23, 15, 30);
const label = (...at: [number, number, number, number?, number?]) =>
  dayLabel(new Date(...at), now, "en");

describe("dayLabel", () => {
  it("goes by calendar days, not by 24 hours", () => {
    expect(label(2026, 10, 23, 0, 1)).toBe("Today");
    expect(label(2026, 10, 22, 23, 59)).toBe("Yesterday");
    expect(label(2026, 10, 22, 0, 0)).toBe("Yesterday");
  });

  it("names weeks and months", () => {
    expect(label(2026, 10, 21)).toBe("Previous 7 days");
    expect(label(2026, 10, 16)).toBe("Previous 7 days");
    expect(label(2026, 10, 15)).toBe("Previous 30 days");
    expect(label(2026, 9, 24)).toBe("Previous 30 days");
    expect(label(2026, 9, 23)).toBe("October");
    expect(label(2025, 9, 23)).toBe("October 2025");
  });

  it("calls what a fast clock puts in the future today", () => {
    expect(label(2026, 10, 24, 1)).toBe("Today");
  });
});

describe("groupByDay", () => {
  it("keeps the order and opens a group per label", () => {
    const times = [new Date(2026, 10, 23, 9), new Date(2026, 10, 23, 8), new Date(2026, 10, 22, 8)];
    const groups = groupByDay(times, (time) => time.toISOString(), now, "en");
    expect(groups.map((group) => [group.label, group.items.length])).toEqual([
      ["Today", 2],
      ["Yesterday", 1],
    ]);
  });
});
