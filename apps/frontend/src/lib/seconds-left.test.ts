import { expect, test } from "vitest";
import { inSeconds } from "./seconds-left";

test("waits are told in seconds, and long ones in minutes", () => {
  expect(inSeconds(1)).toBe("1 second");
  expect(inSeconds(12)).toBe("12 seconds");
  expect(inSeconds(60)).toBe("1 min 0 s");
  expect(inSeconds(900)).toBe("15 min 0 s");
});
