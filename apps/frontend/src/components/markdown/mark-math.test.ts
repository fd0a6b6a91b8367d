import { describe, expect, it } from "vitest";
import { markMath } from "./mark-math";

const unchanged = (text: string) => expect(markMath(text)).toBe(text);

describe("formulas", () => {
  it.each([
    ["so $x^2$ is", "so $$ x^2 $$ is"],
    ["so \\(x^2\\) is", "so $$$$ x^2 $$$$ is"],
    ["so $$x^2$$ is", "so $$$ x^2 $$$ is"],
    ["$x$, $y$.", "$$ x $$, $$ y $$."],
    ["($a_1$)", "($$ a_1 $$)"],
    ["$\\$5$", "$$ \\$5 $$"],
    ["a \\[ x \\] b", "a $$$$$ x $$$$$ b"],
    ["- \\[x\\]", "- $$$$$ x $$$$$"],
    ["Display: \\[\\int_0^\\infty x\\] and", "Display: $$$$$ \\int_0^\\infty x $$$$$ and"],
    ["so \\[x^2\\].", "so $$$$$ x^2 $$$$$."],
    ["so \\[a_1\\].", "so $$$$$ a_1 $$$$$."],
    ["| $|x|$ |", "| $$ \\vert x\\vert  $$ |"],
  ])("%j is written as %j", (text, marked) => {
    expect(markMath(text)).toBe(marked);
  });

  it("over several lines become one, without comments and the marks of a quotation", () => {
    expect(markMath("So:\n\n\\[\na = b % why\n\n")).toBe("So:\n\n\\[\na = b % why\n\n");
    expect(markMath("\\[\n  a\n  = b % because\n\\]\nok")).toBe("$$$$$ a = b $$$$$\nok");
    expect(markMath("$$\n- x\n= y\n$$")).toBe("$$$ - x = y $$$");
    expect(markMath("> $$\n> a > b\n> $$")).toBe("> $$$ a > b $$$");
  });

  it("on lines of their own may have empty ones", () => {
    expect(markMath("So\n\\[\na = b\n\n= c\n\\]\nok")).toBe("So\n$$$$$ a = b = c $$$$$\nok");
    expect(markMath("$$\n\n\\frac{a}{b}\n\n$$")).toBe("$$$ \\frac{a}{b} $$$");
    expect(markMath("> $$\n> a\n>\n> b\n> $$")).toBe("> $$$ a b $$$");
    expect(markMath("- \\[\n  a \\\\[2pt]\n\n  b\n  \\]")).toBe("- $$$$$ a \\\\[2pt] b $$$$$");
    expect(markMath("$$\na\n\nb\n$$\nand $x$\n$$\nc\n$$")).toBe(
      "$$$ a b $$$\nand $$ x $$\n$$$ c $$$",
    );
  });

  it.each(["align", "align*", "aligned", "equation", "gather"])(
    "are environments by themselves: %s",
    (name) => {
      const whole = `\\begin{${name}}\na &= b \\\\\n\nc &= d\n\\end{${name}}`;
      const line = whole.replace(/\n+/g, " ");
      expect(markMath(`So\n${whole}\nok`)).toBe(`So\n$$$$$$ ${line} $$$$$$\nok`);
      expect(markMath(`\\[\n${whole}\n\\]`)).toBe(`$$$$$ ${line} $$$$$`);
      unchanged(`In \`${line}\` and in ${line} of a text`);
      unchanged(`\`\`\`latex\n${whole}\n\`\`\``);
    },
  );

  it("do not go over text, code, or many lines", () => {
    const opened = "\\[\na = b\n\n";
    unchanged(`${opened}This is text.\n\\]`);
    unchanged(`${opened}\`\`\`\ncode\n\`\`\`\n\\]`);
    unchanged(`${opened}${"x\n\n".repeat(30)}\\]`);
    expect(markMath("$$\nx\n\nSome text\n\n$$\ny\n$$")).toBe("\\$\\$\nx\n\nSome text\n\n$$$ y $$$");
    expect(markMath(`${opened}\\[\nc\n\\]`)).toBe(`${opened}$$$$$ c $$$$$`);
  });

  it("that are being written are hidden, but not what is text after them", () => {
    const whole = "So\n\\[\na = b\n\n= c\n\\]\nThis is it.";
    const closed = whole.indexOf("\\]") + 2;
    const begun = whole.indexOf("\\[") + 2;
    for (let length = begun; length < closed; length += 1)
      expect(markMath(whole.slice(0, length), true)).toBe("So\n");
    expect(markMath(whole.slice(0, closed), true)).toBe("So\n$$$$$ a = b = c $$$$$");
    expect(markMath("\\begin{align}\na", true)).toBe("");
    for (const opener of ["\\[", "\\begin{align}"]) {
      const unclosed = `${opener}\na = b\n\nThis is text`;
      expect(markMath(unclosed, true)).toBe(unclosed);
      expect(markMath(`${opener}\n${"x\n\n".repeat(30)}y`, true)).toContain("y");
    }
  });

  it("are not what costs money, nor variables of a shell", () => {
    unchanged("$5 and $6");
    unchanged("$20-$30 a month");
    unchanged("US$5 or A$6");
    unchanged("$HOME/bin:$PATH");
    unchanged("\\$x\\$ and \\\\(no\\)");
    unchanged("see \\[1\\] and \\[2\\]");
  });

  it("are not in code", () => {
    unchanged("`$x$` and ``\\(`x`\\)``");
    unchanged("```sh\necho $a $b$\n\\[x\\]\n```");
    unchanged("- one\n  ~~~\n  $x$\n  ~~~");
    unchanged("```\n$x$ and no end");
    unchanged("so `\\[x^2\\]` is");
    expect(markMath("```\n$x$\n```\nthen $x$")).toBe("```\n$x$\n```\nthen $$ x $$");
    expect(markMath("a lone ` then $x$")).toBe("a lone ` then $$ x $$");
  });

  it("that have no end are their signs, and are not shown while they are written", () => {
    expect(markMath("a $$ b")).toBe("a \\$\\$ b");
    expect(markMath("a\n\\[ b $x$")).toBe("a\n\\[ b $$ x $$");
    expect(markMath("a\n\\[ b $x$", true)).toBe("a\n");
    expect(markMath("a $$ b", true)).toBe("a ");
    expect(markMath("a $$ b\n\nnext", true)).toBe("a \\$\\$ b\n\nnext");
  });

  it("of a long text are found at once", () => {
    const text = `${"$x$ `".repeat(20_000)}\\[`;
    const begun = performance.now();
    markMath(text);
    expect(performance.now() - begun).toBeLessThan(4_000);
  });
});
