import type { Nodes, Root } from "mdast";
import type {} from "remark-math";

/** Tells formulas that stand by themselves from those among words, by their three dollars. */
export function displayMath() {
  return (tree: Root, file: { value: unknown }): void => visit(tree, String(file.value));
}

function visit(node: Nodes, source: string): void {
  if (node.type === "inlineMath") {
    const start = node.position?.start.offset ?? 0;
    if (source.startsWith("$$$", start))
      node.data = { ...node.data, hProperties: { className: ["math-display"] } };
  }
  if ("children" in node) for (const child of node.children) visit(child, source);
}
