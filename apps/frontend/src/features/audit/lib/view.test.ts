import { expect, test } from "vitest";
import { filterOf, viewOf } from "./view";

const person = "01890a5d-ac96-774b-bcce-b302099a8057";

test("what an address says is what is chosen", () => {
  const view = { action: "key.create", period: "between", from: "2026-01-02", person };
  expect(viewOf(view)).toEqual(view);
  const filter = filterOf(viewOf({ action: "setup", period: "hour", person }), new Date(3_600_000));
  expect(filter).toEqual({ action: "setup", actor_id: person, since: new Date(0).toISOString() });
});

test("what is no choice is left out", () => {
  const wrong = { action: "toString", period: "year", from: "now", to: "1", person: "ada" };
  expect(viewOf(wrong)).toEqual({});
  expect(viewOf({ from: "2026-01-02", period: "day" })).toEqual({ period: "day" });
});
