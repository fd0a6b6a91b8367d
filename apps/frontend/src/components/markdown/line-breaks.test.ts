import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { expect, it } from "vitest";
import { lineBreaks } from "./line-breaks";

const render = (text: string) =>
  renderToStaticMarkup(
    createElement(ReactMarkdown, { remarkPlugins: [remarkGfm, lineBreaks] }, text),
  );

it.each(["<br>", "<br/>", "<br />", "<BR>"])("%s begins a new line, in a table too", (written) => {
  expect(render(`one${written}two`)).toMatch(/<p>one<br\/>\s*two<\/p>/);
  expect(render(`| a |\n|---|\n| one${written}two |`)).toMatch(/<td>one<br\/>\s*two<\/td>/);
});

it.each([
  "<img src=x onerror=alert(1)>",
  "<br onclick=alert(1)>",
  "<br><script>alert(1)</script>",
  "<b>bold</b>",
  "<!-- a comment -->",
])("%s stays text", (html) => {
  const shown = render(`| a |\n|---|\n| one ${html} |\n\n${html}`);
  expect(shown).not.toMatch(/<(?:img|script|b|!)\b|<br [a-z]/);
  expect(shown).toContain("&lt;");
});

it("is text in code", () => {
  expect(render("`<br>`")).toBe("<p><code>&lt;br&gt;</code></p>");
});
