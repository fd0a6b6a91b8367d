import { useState } from "react";
import { blockTexts, noBlocks, splitBlocks } from "./split-blocks";

/** The blocks of a text that mostly grows; what was finished at the last render is not read again. */
export function useBlocks(text: string): string[] {
  const [blocks, setBlocks] = useState(() => splitBlocks(text, noBlocks));
  if (blocks.text === text) return blockTexts(blocks);
  const next = splitBlocks(text, blocks);
  setBlocks(next);
  return blockTexts(next);
}
