import type { Root } from "hast";

/**
 * Each top-level block runs in the direction of its own text, so that an answer may mix Arabic and
 * English. What is within follows its block: a list has its numbers on one side.
 */
export function eachInItsDirection() {
  return (tree: Root): void => {
    for (const node of tree.children) {
      if (node.type === "element" && node.tagName !== "pre") node.properties.dir = "auto";
    }
  };
}
