import { expect, it } from "vitest";
import { daysLeft } from "./days-left";

const deleted = "2026-11-01T12:00:00.000Z";
const left = (now: string) => daysLeft(deleted, new Date(now));

it("counts from 30 days to the last, and never below none", () => {
  expect(left("2026-11-01T12:00:01.000Z")).toBe(30);
  expect(left("2026-11-02T12:00:01.000Z")).toBe(29);
  expect(left("2026-12-01T11:59:59.000Z")).toBe(1);
  expect(left("2026-12-09T00:00:00.000Z")).toBe(0);
});
