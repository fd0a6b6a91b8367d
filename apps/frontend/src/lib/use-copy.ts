import { useEffect, useState } from "react";
import { announce } from "./announcer";
import { copyText } from "./clipboard";

const shownMs = 1_600;

/** Copies, tells a screen reader, and says for a moment that it did. */
export function useCopy(text: string): { copied: boolean; copy: () => void } {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [copied]);

  async function copy() {
    const done = await copyText(text);
    setCopied(done);
    announce(done ? "Copied" : "Not copied. Select the text and copy it.");
  }
  return { copied, copy: () => void copy() };
}
