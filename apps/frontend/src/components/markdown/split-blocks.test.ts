import { describe, expect, it } from "vitest";
import { markMath } from "./mark-math";
import { blockTexts, noBlocks, splitBlocks } from "./split-blocks";

const sample = `# Title

First paragraph
goes on.

- a list

  with a second paragraph
- and an end

\`\`\`python
def f():

    return 1
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

> quoted
still quoted

Last words.`;

describe("splitBlocks", () => {
  it("loses no character", () => {
    expect(blockTexts(splitBlocks(sample, noBlocks)).join("")).toBe(sample);
  });

  it("keeps lists, code and tables whole", () => {
    const blocks = blockTexts(splitBlocks(sample, noBlocks));
    expect(blocks.map((block) => block.trim().split("\n")[0])).toEqual([
      "# Title",
      "First paragraph",
      "- a list",
      "```python",
      "| a | b |",
      "> quoted",
      "Last words.",
    ]);
  });

  it("comes to the same blocks letter by letter as at once", () => {
    let blocks = noBlocks;
    for (let end = 1; end <= sample.length; end += 1)
      blocks = splitBlocks(sample.slice(0, end), blocks);
    expect(blockTexts(blocks)).toEqual(blockTexts(splitBlocks(sample, noBlocks)));
  });

  it("comes to the same blocks when formulas are closed", () => {
    const said = "One.\n\n- so $x$ and\n- \\(y\\)\n\nThen $$z$$ and $5.\n\n\\[\na\n\\]\n\nEnd $b$.";
    let blocks = noBlocks;
    for (let end = 1; end <= said.length; end += 1)
      blocks = splitBlocks(markMath(said.slice(0, end), true), blocks);
    expect(blockTexts(blocks)).toEqual(blockTexts(splitBlocks(markMath(said), noBlocks)));
  });

  it("begins anew when the text is another one", () => {
    const before = splitBlocks("one\n\ntwo", noBlocks);
    expect(blockTexts(splitBlocks("three", before))).toEqual(["three"]);
  });

  it("does not cut a text whose definitions hold everywhere", () => {
    const text = "See [this][1].\n\nMore.\n\n[1]: /help/user-guide";
    expect(blockTexts(splitBlocks(text, noBlocks))).toEqual([text]);
  });
});
