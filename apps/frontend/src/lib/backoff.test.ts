import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff";

describe("backoffMs", () => {
  it("doubles up to its ceiling", () => {
    const longest = [0, 1, 2, 3].map((failures) => backoffMs(failures, () => 1));
    expect(longest).toEqual([400, 800, 1600, 3200]);
    expect(backoffMs(50, () => 1)).toBe(15_000);
  });

  it("leaves half of the time to chance", () => {
    expect(backoffMs(2, () => 0)).toBe(800);
    expect(backoffMs(2, () => 0.5)).toBe(1200);
  });
});
