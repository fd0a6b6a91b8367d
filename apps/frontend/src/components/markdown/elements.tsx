/** How the elements of untrusted Markdown are shown. Raw HTML never gets here: it stays text. */
import { useRouter } from "@tanstack/react-router";
import type { Element, ElementContent } from "hast";
import type { ComponentProps, MouseEvent } from "react";
import type { Components, ExtraProps } from "react-markdown";
import { anchorOf } from "./anchors";
import { CodeBlock } from "./code-block";
import { Formula } from "./formula";
import { asWritten } from "./math-signs";

function textOf(node: Element | ElementContent): string {
  if (node.type === "text") return node.value;
  return "children" in node ? node.children.map(textOf).join("") : "";
}

function Pre({ node }: ComponentProps<"pre"> & ExtraProps) {
  const code = node?.children[0];
  if (code?.type !== "element") return null;
  const classes = code.properties.className;
  const languageClass = Array.isArray(classes)
    ? classes.map(String).find((name) => name.startsWith("language-"))
    : undefined;
  const source = textOf(code).replace(/\n$/, "");
  if (languageClass === "language-math") return <Formula source={source} />;
  const language = languageClass?.slice("language-".length).toLowerCase() ?? "";
  return <CodeBlock code={source} language={language} />;
}

/** In a cell of a table, shorter code than this stays in one line. */
const longFrom = 32;

/** Formulas come as code of a class that no text can give. */
function Code({ node, className, children }: ComponentProps<"code"> & ExtraProps) {
  const isMath = className?.includes("math-") === true;
  if (node === undefined || !isMath) {
    const isLong = node !== undefined && textOf(node).length >= longFrom;
    return <code data-long={isLong || undefined}>{children}</code>;
  }
  return <Formula source={textOf(node)} written={asWritten(node.properties.dataWritten)} />;
}

/** Links within Web+ stay in the page; all others open beside it and learn nothing of it. */
function Anchor({ href = "", children, id, ...rest }: ComponentProps<"a"> & ExtraProps) {
  const router = useRouter();
  if (!href.startsWith("/") || href.startsWith("//")) {
    const inPage = href.startsWith("#");
    // What leads to a footnote and back has a name, and is itself led to.
    const footnote = inPage && { id, "aria-label": rest["aria-label"] };
    return (
      <a
        href={href}
        {...footnote}
        {...(!inPage && { target: "_blank", rel: "noopener noreferrer" })}
      >
        {children}
      </a>
    );
  }
  const open = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    void router.navigate({ href });
  };
  return (
    <a href={href} onClick={open}>
      {children}
    </a>
  );
}

/** A picture of our own is shown. Loading one from elsewhere would tell its server who reads this; a link lets one choose. */
function Picture({ src, alt }: ComponentProps<"img"> & ExtraProps) {
  if (typeof src !== "string" || src === "") return <>{alt}</>;
  if (src.startsWith("/assets/")) return <img src={src} alt={alt ?? ""} loading="lazy" />;
  return (
    <a href={src} target="_blank" rel="noopener noreferrer">
      {alt === undefined || alt === "" ? src : alt}
    </a>
  );
}

function Table({ children, dir }: ComponentProps<"table"> & ExtraProps) {
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label="Table">
      <table dir={dir}>{children}</table>
    </div>
  );
}

/** Tables often leave their first corner empty; that is no heading. */
function HeaderCell({ children, style }: ComponentProps<"th"> & ExtraProps) {
  return children === undefined ? <td /> : <th style={style}>{children}</th>;
}

/** The box of a task list: shows a state, changes none. */
function TaskBox({ checked }: ComponentProps<"input"> & ExtraProps) {
  return (
    <input
      type="checkbox"
      disabled
      defaultChecked={checked}
      aria-label={checked === true ? "Done" : "To do"}
    />
  );
}

type HeadingTag = "h1" | "h2" | "h3" | "h4" | "h5" | "h6";

function anchored(Tag: HeadingTag) {
  return function Heading({ node, children, dir }: ComponentProps<HeadingTag> & ExtraProps) {
    return (
      <Tag id={node && anchorOf(textOf(node))} dir={dir}>
        {children}
      </Tag>
    );
  };
}

export const elements: Components = {
  pre: Pre,
  code: Code,
  a: Anchor,
  img: Picture,
  table: Table,
  th: HeaderCell,
  input: TaskBox,
};

/** For pages, not for chats: there the same heading may come again in the next answer. */
export const elementsWithAnchors: Components = {
  ...elements,
  h1: anchored("h1"),
  h2: anchored("h2"),
  h3: anchored("h3"),
  h4: anchored("h4"),
};
