import { expect, test } from "vitest";
import { describeDevice } from "./user-agent";

const webKit = "AppleWebKit/537.36 (KHTML, like Gecko)";

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webKit} Chrome/140.0.0.0 Safari/537.36`,
    "Chrome on Windows",
  ],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webKit} Chrome/140.0 Safari/537.36 Edg/140.0`,
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15",
    "Safari on Mac",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1",
    "Safari on iPhone",
  ],
  [
    `Mozilla/5.0 (Linux; Android 15) ${webKit} Chrome/140.0.0.0 Mobile Safari/537.36`,
    "Chrome on Android",
  ],
  ["curl/8.14.1", "curl"],
  ["", "Unknown device"],
])("%s", (text, name) => expect(describeDevice(text).name).toBe(name));

test("a session without a User-Agent has an unknown device", () => {
  expect(describeDevice(null)).toEqual({ name: "Unknown device", kind: "computer" });
});

test("tells what is held in the hand", () => {
  expect(describeDevice("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile").kind).toBe(
    "handheld",
  );
  expect(describeDevice("curl/8.14.1").kind).toBe("program");
});
