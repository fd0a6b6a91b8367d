import type { Nodes, Root } from "mdast";

const lineBreak = /^<br\s*\/?>$/i;

/** The one piece of HTML that is understood: a cell of a table has no other way to begin a new line. */
export function lineBreaks() {
  return (tree: Root): void => visit(tree);
}

function visit(node: Nodes): void {
  if (!("children" in node)) return;
  node.children.forEach((child, index) => {
    if (child.type === "html" && lineBreak.test(child.value))
      node.children[index] = { type: "break" };
    else visit(child);
  });
}
