/** Loaded only when a page shows formulas. */
import { createElement, Fragment, type ReactNode } from "react";
import temml from "temml";
import "temml/dist/Temml-Local.css";
import "@/styles/math.css";

/** What the library makes of a formula: a tree of elements of MathML and texts. */
type MathTree = {
  type?: string;
  text?: string;
  attributes?: Record<string, string>;
  classes?: string[];
  style?: Record<string, string>;
  children?: MathTree[];
};

const longest = 10_000;
const options = { throwOnError: true, trust: false, maxSize: [20, 100], maxExpand: 500 } as const;

/** The elements and attributes of MathML that may be shown. Nothing of a formula links or loads. */
const elements = new Set(
  "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup munder mover munderover mmultiscripts mprescripts mtable mtr mtd menclose merror".split(
    " ",
  ),
);
const attributes = new Set(
  "accent accentunder columnspan columnlines columnalign depth display displaystyle fence form height largeop linethickness lspace mathvariant maxsize minsize movablelimits notation rowspan rspace scriptlevel separator stretchy symmetric voffset width".split(
    " ",
  ),
);

/** A formula as elements; null when it cannot be read. */
export function renderMath(source: string, display: boolean): ReactNode | null {
  if (source.length > longest) return null;
  try {
    const tree = temml.__renderToMathMLTree(source, {
      ...options,
      displayMode: display,
      wrap: display ? "none" : "tex",
      maxSize: [...options.maxSize],
    }) as MathTree;
    return toElement(tree, 0);
  } catch {
    return null;
  }
}

function toElement(node: MathTree, key: number): ReactNode {
  if (node.text !== undefined) return node.text;
  const children = (node.children ?? []).map(toElement);
  if (node.type === undefined || !elements.has(node.type))
    return createElement(Fragment, { key }, ...children);
  const given = Object.entries(node.attributes ?? {}).filter(([name]) => attributes.has(name));
  const props = {
    ...Object.fromEntries(given),
    key,
    className: (node.classes ?? []).filter(Boolean).join(" ") || undefined,
    style: node.style,
  };
  return createElement(node.type, props, ...children);
}
