import { memo } from "react";
import ReactMarkdown, { defaultUrlTransform } from "react-markdown";
import remarkGfm from "remark-gfm";
import { cx } from "@/lib/cx";
import { elements } from "./elements";
import { useBlocks } from "./use-blocks";

export type MarkdownProps = {
  text: string;
  className?: string;
  /** Turns the addresses that the text uses into ones that this page can open. */
  resolveLink?: (href: string) => string;
};

const plugins = [remarkGfm];

export function Markdown({ text, className, resolveLink }: MarkdownProps) {
  const blocks = useBlocks(text);
  return (
    <div className={cx("prose", className)}>
      {blocks.map((block, index) => (
        // A block keeps its place for as long as the text only grows.
        <Block key={index} text={block} resolveLink={resolveLink} />
      ))}
    </div>
  );
}

type BlockProps = { text: string; resolveLink: MarkdownProps["resolveLink"] };

const Block = memo(function Block({ text, resolveLink }: BlockProps) {
  return (
    <div className="block">
      <ReactMarkdown
        remarkPlugins={plugins}
        components={elements}
        urlTransform={(href) => defaultUrlTransform(resolveLink?.(href) ?? href)}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
});
