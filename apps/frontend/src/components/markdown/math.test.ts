import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { renderMath } from "./math";

const shown = (source: string, display = false) =>
  renderToStaticMarkup(renderMath(source, display));

describe("a formula", () => {
  it("becomes MathML", () => {
    expect(shown("x^2")).toMatch(/^<math.*<msup><mi>x<\/mi><mn.*>2<\/mn><\/msup>.*<\/math>$/);
    expect(shown("\\frac{1}{2}", true)).toContain('display="block"');
    expect(shown("\\begin{pmatrix}a&b\\\\c&d\\end{pmatrix}", true)).toContain("<mtable");
  });

  it("that cannot be read is none", () => {
    for (const source of ["\\frac{1", "\\nosuch{x}", "}{", "x".repeat(20_000)])
      expect(renderMath(source, false)).toBeNull();
    expect(renderMath("{".repeat(9_000), false)).toBeNull();
    expect(renderMath("\\def\\a{\\a\\a}\\a", false)).toBeNull();
  });

  it("links nowhere, loads nothing, and names no class or handler of the page", () => {
    for (const source of [
      "\\href{javascript:alert(1)}{x}",
      "\\url{https://example.org}",
      "\\includegraphics{https://example.org/x.png}",
      "\\class{fixed inset-0}{x}",
      "\\id{root}{x}",
      "\\style{position:fixed}{x}",
      "\\data{onclick=alert(1)}{x}",
      "\\text{<img src=x onerror=alert(1)>}",
    ]) {
      const html = renderToStaticMarkup(renderMath(source, false));
      expect(html).not.toMatch(/<(?:a|img|script)\b|href=|src="|fixed|id="|onclick="/);
    }
  });
});
