import { describe, expect, it } from "vitest";
import { placesAmong } from "./forks";

const forks = [
  { id: "a1", parent_id: null },
  { id: "a2", parent_id: null },
  { id: "b1", parent_id: "a1" },
  { id: "b2", parent_id: "a1" },
  { id: "b3", parent_id: "a1" },
];

describe("the places of messages among their versions", () => {
  it("are counted among those with the same parent, first messages too", () => {
    const shown = [
      { id: "a1", parent_id: null },
      { id: "b2", parent_id: "a1" },
    ];
    const places = placesAmong(forks, shown);
    expect(places.get("b2")).toEqual({ ids: ["b1", "b2", "b3"], index: 1 });
    expect(places.get("a1")?.index).toBe(0);
  });

  it("are none where there is no other version, or none is known yet", () => {
    const shown = [
      { id: "c", parent_id: "b1" },
      { id: "b4", parent_id: "a1" },
    ];
    expect(placesAmong(forks, shown).size).toBe(0);
  });
});
