const browsers: [RegExp, string][] = [
  [/\bEdgi?A?(?:OS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:HeadlessChrome|Chrome|CriOS|Chromium)\//, "Chrome"],
  [/\bVersion\/.*Safari\//, "Safari"],
];

// The order matters: an Android names Linux too, and an iPad may name the Mac.
const systems: [RegExp, string][] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "Mac"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b|\bX11\b/, "Linux"],
];

const handhelds = new Set(["iPhone", "iPad", "Android"]);

export type Device = { name: string; kind: "computer" | "handheld" | "program" };

/** What a User-Agent says, in words: "Firefox on Linux". */
export function describeDevice(userAgent: string | null): Device {
  const text = userAgent ?? "";
  const browser = find(browsers, text);
  const system = find(systems, text);
  if (browser === undefined && system === undefined) {
    const program = /^[\w.-]+/.exec(text)?.[0];
    return program === undefined
      ? { name: "Unknown device", kind: "computer" }
      : { name: program, kind: "program" };
  }
  return {
    name: [browser ?? "A browser", system].filter(Boolean).join(" on "),
    kind: system !== undefined && handhelds.has(system) ? "handheld" : "computer",
  };
}

function find(table: readonly [RegExp, string][], text: string): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}
