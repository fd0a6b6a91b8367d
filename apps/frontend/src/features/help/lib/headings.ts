import { anchorOf } from "@/components/markdown/anchors";

export type Heading = { anchor: string; text: string };

/** The sections of a guide. Those of code are comments of a shell. */
export function headingsOf(guide: string): Heading[] {
  const text = guide.replace(/^(`{3,}|~{3,})[^]*?^\1[`~]*[ \t]*$/gm, "");
  return [...text.matchAll(/^## +(.+?)[ \t#]*$/gm)].map(([, written = ""]) => {
    const plain = written.replace(/[`*]/g, "");
    return { anchor: anchorOf(plain), text: plain };
  });
}
