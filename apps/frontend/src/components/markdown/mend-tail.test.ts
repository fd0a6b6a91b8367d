import { describe, expect, it } from "vitest";
import { mendTail } from "./mend-tail";

describe("mendTail", () => {
  it.each([
    ["plain words", "plain words"],
    ["see [the gui", "see the gui"],
    ["see [the guide]", "see the guide"],
    ["see [the guide](/help/us", "see the guide"],
    ["see [the guide](/help/user-guide)", "see [the guide](/help/user-guide)"],
    ["this is **bo", "this is **bo**"],
    ["this is **bold*", "this is **bold**"],
    ["this is **", "this is "],
    ["this is **bold**", "this is **bold**"],
    ["run `make", "run `make`"],
    ["run `", "run "],
    ["run `make`", "run `make`"],
    ["a `**` in code", "a `**` in code"],
    ["in $$ [0, 1) $$", "in $$ [0, 1) $$"],
    ["**so $$ a** b $$", "**so $$ a** b $$**"],
    ["- [ ]", "- [ ]"],
    ["- [", "- ["],
  ])("%j becomes %j", (half, mended) => {
    expect(mendTail(half)).toBe(mended);
  });

  it("leaves code alone, and what was closed in earlier paragraphs", () => {
    expect(mendTail("```c\nint a[3")).toBe("```c\nint a[3");
    expect(mendTail("```c\nint a[3];\n```\n\nsee [it")).toBe("```c\nint a[3];\n```\n\nsee it");
    expect(mendTail("a lone ** stays\n\nnext `x`")).toBe("a lone ** stays\n\nnext `x`");
  });
});
