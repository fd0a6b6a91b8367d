import { expect, it } from "vitest";
import { isTriedAgain, lackOf } from "./lack";
import { readAnswer } from "./reasoning";

it.each(["", " \n", "<think>Hm.</think>", "<think>\n\n</think>\n\n", "<think>Hm."])(
  "a complete answer of %j lacks words, and is tried again",
  (content) => {
    const lack = lackOf("complete", readAnswer(content).said);
    expect(lack).toBe("words");
    expect(isTriedAgain(lack)).toBe(true);
  },
);

it("one with words lacks nothing, nor does one that is still written", () => {
  expect(lackOf("complete", "Yes.")).toBeNull();
  expect(lackOf("streaming", "")).toBeNull();
});

it("one that was stopped goes on, whatever it says", () => {
  expect(lackOf("stopped", "")).toBe("stopped");
  expect(isTriedAgain("stopped")).toBe(false);
});
