import { describe, expect, it } from "vitest";
import { readAnswer } from "./reasoning";

describe("what was thought and what was said", () => {
  it("are told apart", () => {
    expect(readAnswer("<think>\nTwo and two.\n</think>\n\nFour.")).toEqual({
      reasoning: "Two and two.",
      thinking: false,
      said: "Four.",
    });
    expect(readAnswer("\n<think>Hm.</think>Yes.").said).toBe("Yes.");
  });

  it("leave an answer without reasoning as it is", () => {
    for (const text of [
      "",
      "  Four.",
      "Use `<think>` so.",
      "Well, <think>no</think>",
      "<thin air>",
    ])
      expect(readAnswer(text)).toEqual({ reasoning: null, thinking: false, said: text });
  });

  it("show no box for thinking that is empty", () => {
    expect(readAnswer("<think>\n\n</think>\n\nFour.")).toEqual({
      reasoning: null,
      thinking: false,
      said: "Four.",
    });
  });

  it("are only thought so far while the end has not come", () => {
    expect(readAnswer("<think>Two and", true)).toEqual({
      reasoning: "Two and",
      thinking: true,
      said: "",
    });
    // Stopped there: all of it was thought.
    expect(readAnswer("<think>Two and")).toEqual({
      reasoning: "Two and",
      thinking: false,
      said: "",
    });
  });

  it("never show half a tag while it is being written", () => {
    const text = "<think>a < b</think>Yes";
    for (let length = 1; length < text.length; length += 1) {
      const { reasoning, said } = readAnswer(text.slice(0, length), true);
      expect("a < b".startsWith(reasoning ?? "")).toBe(true);
      expect("Yes".startsWith(said)).toBe(true);
    }
    expect(readAnswer("<thi", true).said).toBe("");
    expect(readAnswer("<thi").said).toBe("<thi");
  });

  it("are not cut by a tag that is quoted in code", () => {
    const thought = "The tag `</think>` ends it:\n\n```xml\n<think>\n</think>\n```\n\nDone.";
    expect(readAnswer(`<think>${thought}</think>Said.`)).toEqual({
      reasoning: thought,
      thinking: false,
      said: "Said.",
    });
    expect(readAnswer("<think>a</think>```\n</think>\n```").said).toBe("```\n</think>\n```");
  });
});
