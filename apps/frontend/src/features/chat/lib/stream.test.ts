import { describe, expect, it } from "vitest";
import { applyDelta, startStream, type Delta } from "./stream";

const begin = startStream({ seq: 0, content: "" });

function run(deltas: Delta[]) {
  return deltas.reduce(applyDelta, begin);
}

describe("applyDelta", () => {
  it("appends deltas in order", () => {
    expect(
      run([
        { seq: 1, text: "Hel" },
        { seq: 2, text: "lo" },
      ]),
    ).toEqual({ seq: 2, text: "Hello", gap: false });
  });

  it("goes on from the committed prefix of a message", () => {
    const state = applyDelta(startStream({ seq: 7, content: "Hello" }), { seq: 8, text: "!" });
    expect(state).toEqual({ seq: 8, text: "Hello!", gap: false });
  });

  it("drops what it has already, and keeps the same object so that nothing renders", () => {
    const state = run([
      { seq: 1, text: "a" },
      { seq: 2, text: "b" },
    ]);
    expect(applyDelta(state, { seq: 1, text: "a" })).toBe(state);
    expect(applyDelta(state, { seq: 2, text: "b" })).toBe(state);
  });

  it("marks a gap and appends nothing across it", () => {
    const state = run([
      { seq: 1, text: "a" },
      { seq: 3, text: "c" },
      { seq: 4, text: "d" },
    ]);
    expect(state).toEqual({ seq: 1, text: "a", gap: true });
  });

  it("closes the gap with the missing delta and takes the rest again", () => {
    const state = run([
      { seq: 1, text: "a" },
      { seq: 3, text: "c" },
      { seq: 2, text: "b" },
      { seq: 3, text: "c" },
    ]);
    expect(state).toEqual({ seq: 3, text: "abc", gap: false });
  });
});
