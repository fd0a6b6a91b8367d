import { expect, test } from "vitest";
import { boundsOf } from "./periods";

const now = new Date("2026-03-20T12:00:00.000Z");

test("a period counts back from now", () => {
  expect(boundsOf("hour", "", "", now)).toEqual({ since: "2026-03-20T11:00:00.000Z" });
  expect(boundsOf("", "2026-03-01", "2026-03-02", now)).toEqual({});
});

test("days are the reader's, and the last one is included", () => {
  const bounds = boundsOf("between", "2026-03-01", "2026-03-01", now);
  expect(bounds.since).toBe(new Date(2026, 2, 1).toISOString());
  expect(bounds.until).toBe(new Date(2026, 2, 2).toISOString());
  expect(boundsOf("between", "", "", now)).toEqual({});
});
