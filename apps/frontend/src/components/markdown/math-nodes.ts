import type { Nodes, Root } from "mdast";
import type {} from "remark-math";
import { writtenWith } from "./math-signs";

/** Tells of each formula how it was written, by its dollars. */
export function howWritten() {
  return (tree: Root, file: { value: unknown }): void => visit(tree, String(file.value));
}

function visit(node: Nodes, source: string): void {
  if (node.type === "inlineMath") {
    const dollars = /^\$*/.exec(source.slice(node.position?.start.offset))?.[0].length ?? 0;
    const hProperties = { className: ["math-inline"], dataWritten: writtenWith(dollars) };
    node.data = { ...node.data, hProperties };
  }
  if ("children" in node) for (const child of node.children) visit(child, source);
}
