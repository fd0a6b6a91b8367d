import { describe, expect, it } from "vitest";
import { rank } from "./fuzzy";

const titles = ["Rust and C++ compared", "A recipe for trust", "Theme: dark", "C++ (templates)"];
const find = (query: string) => rank(titles, query, (title) => title);

describe("rank", () => {
  it("gives everything for an empty query, in its order", () => {
    expect(find("  ")).toEqual(titles);
  });

  it("wants every word, in any order and case", () => {
    expect(find("COMPARED rust")).toEqual(["Rust and C++ compared"]);
    expect(find("rust nothing")).toEqual([]);
  });

  it("puts a match at a word's start before one within a word", () => {
    expect(find("rust")).toEqual(["Rust and C++ compared", "A recipe for trust"]);
  });

  it("takes signs as they are", () => {
    expect(find("c++")).toEqual(["C++ (templates)", "Rust and C++ compared"]);
    expect(find("(temp")).toEqual(["C++ (templates)"]);
  });
});
