/** How a formula was written, by what it begins with; what it ends with; and whether it stands by itself. */
const signs = {
  $: { end: "$", display: false },
  $$: { end: "$$", display: true },
  "\\(": { end: "\\)", display: false },
  "\\[": { end: "\\]", display: true },
  // An environment by itself, which has its signs within.
  "": { end: "", display: true },
} as const;

export type Written = keyof typeof signs;

const all = Object.keys(signs) as Written[];
/** One dollar is money. */
const fewest = 2;

/** Between so many dollars it is written anew. */
export function dollarsOf(written: Written): string {
  return "$".repeat(fewest + all.indexOf(written));
}

/** How that was written which begins with so many dollars. */
export function writtenWith(dollars: number): Written {
  return all[dollars - fewest] ?? "$";
}

export function asWritten(name: unknown): Written | undefined {
  return all.find((written) => written === name);
}

export function isDisplay(written: Written): boolean {
  return signs[written].display;
}

export function withSigns(source: string, written: Written): string {
  return written + source + signs[written].end;
}
