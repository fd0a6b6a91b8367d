import { memo, useId, useMemo } from "react";
import ReactMarkdown, { defaultUrlTransform, type Options } from "react-markdown";
import remarkGfm from "remark-gfm";
import remarkMath from "remark-math";
import { cx } from "@/lib/cx";
import { eachInItsDirection } from "./directions";
import { howWritten } from "./math-nodes";
import { elements, elementsWithAnchors } from "./elements";
import { useShownAnchor } from "./use-shown-anchor";
import { lineBreaks } from "./line-breaks";
import { markMath } from "./mark-math";
import { mendTail } from "./mend-tail";
import { useBlocks } from "./use-blocks";

export type MarkdownProps = {
  text: string;
  className?: string;
  /** Turns the addresses that the text uses into ones that this page can open. */
  resolveLink?: (href: string) => string;
  /** Headings can be linked to, and the one that the address names is shown. */
  anchors?: boolean;
  /** More is to come, so the end may be half of something. */
  streaming?: boolean;
};

const plugins: Options["remarkPlugins"] = [
  remarkGfm,
  // A single dollar is money by now.
  [remarkMath, { singleDollarTextMath: false }],
  howWritten,
  lineBreaks,
];
const treePlugins = [eachInItsDirection];

export function Markdown({
  text,
  className,
  resolveLink,
  anchors = false,
  streaming = false,
}: MarkdownProps) {
  const id = useId();
  const blocks = useBlocks(useMemo(() => markMath(text, streaming), [text, streaming]));
  useShownAnchor(anchors, text);
  return (
    <div className={cx("prose", className)}>
      {blocks.map((block, index) => (
        // A block keeps its place for as long as the text only grows.
        <Block
          key={index}
          text={streaming && index === blocks.length - 1 ? mendTail(block) : block}
          id={id}
          resolveLink={resolveLink}
          anchors={anchors}
        />
      ))}
    </div>
  );
}

type BlockProps = Pick<MarkdownProps, "text" | "resolveLink" | "anchors"> & { id: string };

const Block = memo(function Block({ text, id, resolveLink, anchors }: BlockProps) {
  return (
    <div className="block">
      <ReactMarkdown
        remarkPlugins={plugins}
        rehypePlugins={treePlugins}
        // Every answer of a chat has a footnote 1. The arrow is not to become an emoji.
        remarkRehypeOptions={{ clobberPrefix: `${id}-`, footnoteBackContent: "↩\ufe0e" }}
        components={anchors === true ? elementsWithAnchors : elements}
        urlTransform={(href) => defaultUrlTransform(resolveLink?.(href) ?? href)}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
});
