/** What models other than the built-in one write, and how long they take to. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { Locator } from "playwright-core";
import type { Upstream } from "../api/lib/upstream.ts";
import { phone } from "./support/browser.ts";
import { hasCount } from "./support/eventually.ts";
import { askScripted, quickly, Workspace } from "./support/workspace.ts";

let upstream: Upstream;
let workspace: Workspace;
before(async () => {
  ({ workspace, upstream } = await Workspace.withUpstream(quickly));
});
after(() => workspace.remove());

const directionOf = (text: Locator): Promise<string> =>
  text.evaluate((element) => getComputedStyle(element).direction);

test("text runs in its own direction, block by block", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "مرحبا English بالعالم");
  const chat = await upstream.nextChat();
  chat.say("An answer in English.\n\nوهذا نص عربي مع كلمة English في الوسط.\n\n- نعم\n- لا\n");
  chat.end();
  await answer.getByRole("list").waitFor();
  const asked = page.getByRole("article", { name: "You" }).getByText("مرحبا");
  assert.equal(await directionOf(asked), "rtl");
  assert.equal(await directionOf(answer.getByText("An answer")), "ltr");
  assert.equal(await directionOf(answer.getByText("وهذا")), "rtl");
  assert.equal(await directionOf(answer.getByRole("list")), "rtl");
  await workspace.close(page);
});

test("each answer has its own footnotes, which lead there and back", async () => {
  const page = await workspace.signedIn();
  for (const round of ["first", "second"]) {
    const answer = await askScripted(page, `Footnotes, the ${round} time`);
    const chat = await upstream.nextChat();
    chat.say(`A claim[^1].\n\n[^1]: The ${round} proof.\n`);
    chat.end();
    await answer.getByText(`The ${round} proof.`).waitFor();
  }
  const last = page.getByRole("article", { name: "scripted" }).last();
  const targetOf = async (link: Locator) =>
    page.locator(`[id="${(await link.getAttribute("href"))?.slice(1)}"]`);
  const note = await targetOf(last.getByRole("link", { name: "1", exact: true }));
  await hasCount(note, 1);
  await note.getByText("The second proof").waitFor();
  const back = await targetOf(last.getByRole("link", { name: "Back to reference 1" }));
  await back.and(page.getByText("1", { exact: true })).waitFor();
  await workspace.close(page);
});

test("a line can be broken in a cell of a table, and no other HTML is more than text", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "A table, please");
  const chat = await upstream.nextChat();
  const picture = "<img src=x onerror=alert(1)>";
  chat.say(`| a | b |\n|---|---|\n| one<br>two | ${picture} |\n\n${picture}\n`);
  chat.end();
  const cell = answer.getByRole("cell", { name: "one two" });
  await cell.waitFor();
  assert.equal(await cell.innerText(), "one\ntwo");
  await hasCount(answer.getByText(picture), 2);
  await hasCount(answer.locator("img"), 0);
  await workspace.close(page);
});

test("signs are shown as they were written, without ligatures, in text and in code", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "a -> b --> c");
  const chat = await upstream.nextChat();
  chat.say("Here a -> b, and `a != b`.\n\n```js\na === b\n```\n");
  chat.end();
  const ligatures = (text: Locator) =>
    text.evaluate((element) => getComputedStyle(element).fontVariantLigatures);
  assert.equal(await ligatures(answer.getByText("a != b")), "none");
  assert.equal(await ligatures(answer.locator("pre code")), "none");
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  // The face of the text has its arrows among the common ones: drawn as two signs, they are wider.
  const width = (written: string, variant: string) =>
    page.evaluate(
      ([text, ligatures]) => {
        const sample = document.createElement("span");
        sample.textContent = text;
        if (ligatures !== "") sample.style.fontVariantLigatures = ligatures;
        document.querySelector("h1")?.append(sample);
        const { width } = sample.getBoundingClientRect();
        sample.remove();
        return width;
      },
      [written, variant] as const,
    );
  assert.equal(await width("-> -->", ""), await width("-> -->", "none"));
  assert.notEqual(await width("-> -->", ""), await width("-> -->", "normal"));
  await workspace.close(page);
});

test("a model that takes long to begin is said to", async () => {
  const page = await workspace.signedIn();
  await page.clock.install();
  const answer = await askScripted(page, "Take your time");
  const chat = await upstream.nextChat();
  await answer.getByRole("img", { name: "Writing" }).waitFor();
  const waiting = answer.getByText("Still waiting for the model.");
  await hasCount(waiting, 0);
  await page.clock.fastForward(10_000);
  await waiting.waitFor();
  chat.say("Here I am.");
  chat.end();
  await answer.getByText("Here I am.").waitFor();
  await hasCount(waiting, 0);
  await workspace.close(page);
});

test("a key that is refused leads to how one is set", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "Let me in");
  (await upstream.nextChat()).refuse(401);
  await answer.getByText("The provider does not accept the key").waitFor();
  await answer.getByRole("link", { name: "How it is set up" }).click();
  const section = "Connect an OpenAI-compatible server";
  await page.getByRole("heading", { name: section }).waitFor();
  await workspace.close(page);
});

test("what a model thinks first is folded, can be read as it comes, and is not copied", async () => {
  const page = await workspace.signedIn({ permissions: ["clipboard-read", "clipboard-write"] });
  const answer = await askScripted(page, "Think it over");
  const chat = await upstream.nextChat();
  chat.say("<think>\nFirst I weigh ");
  const fold = answer.getByRole("button", { name: "Thinking…", expanded: false });
  await fold.waitFor();
  await hasCount(answer.getByText("First I weigh"), 0);
  await fold.click();
  await answer.getByText("First I weigh").waitFor();
  chat.say("the one side.\n</th");
  await answer.getByText("First I weigh the one side.").waitFor();
  chat.say("ink>\n\nThe answer is yes.");
  chat.end();
  await answer.getByText("The answer is yes.").waitFor();
  await answer.getByRole("button", { name: "Thought for a moment", expanded: true }).click();
  await hasCount(answer.getByText("the one side"), 0);
  await hasCount(answer.getByText("think>"), 0);

  await answer.getByRole("button", { name: "Copy answer" }).click();
  await page.getByText("Copied", { exact: true }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, "The answer is yes.");
  await workspace.close(page);
});

test("a model that answers with nothing, or only thinks, is said to, and is tried again", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "Say nothing");
  const silent = await upstream.nextChat();
  silent.end();
  await answer.getByText("The model answered with nothing.").waitFor();
  await answer.getByRole("button", { name: "Try again" }).click();
  const thinking = await upstream.nextChat();
  thinking.say("<think>\nHm.\n</think>\n");
  thinking.end();
  await answer.getByText("The model answered with nothing.").waitFor();
  await answer.getByRole("button", { name: "Thought for a moment" }).waitFor();
  await hasCount(answer.getByRole("button", { name: "Regenerate" }), 0);
  await answer.getByRole("button", { name: "Try again" }).click();
  const speaking = await upstream.nextChat();
  speaking.say("Yes.");
  speaking.end();
  await answer.getByText("Yes.", { exact: true }).waitFor();
  await hasCount(answer.getByText("The model answered with nothing."), 0);
  await workspace.close(page);
});

const formulas = String.raw`It costs $5 and $6, and ${"`$PATH$`"} stays. With $a^2 + b^2 = c^2$ and \(x_{1,2}\):

\[
x_{1,2} = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
\]

$$
\begin{aligned}
f(x) &= \int_{-\infty}^{\infty} \hat f(\xi)\, e^{2 \pi i \xi x} \, d\xi + \sum_{n=0}^{\infty} \frac{f^{(n)}(0)}{n!} x^n + \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix} \\
- g &= \mathbb{R}
\end{aligned}
$$

| $|x|$ | $\frac{1}{2}$ |
|---|---|
| a | b |

Broken: $\frac{1$ ends. Within: \[\int_0^\infty x\] and \[\frac{2\] too.`;

for (const [name, options] of [
  ["on a screen", {}],
  ["on a phone", phone],
] as const) {
  test(`formulas are set as such, and money is not, ${name}`, async () => {
    const page = await workspace.signedIn(options);
    const answer = await askScripted(page, "Show me formulas");
    const chat = await upstream.nextChat();
    // Letter by letter, so that every half of one comes by.
    for (const part of formulas.match(/[^]{1,7}/g) ?? []) chat.say(part);
    chat.end();
    await answer.getByText("It costs $5 and $6").waitFor();
    await hasCount(answer.locator("math"), 7);
    await hasCount(answer.locator("math[display=block]"), 3);
    const namespaces = await answer
      .locator("mfrac")
      .evaluateAll((all) => all.map(({ namespaceURI }) => namespaceURI));
    assert.ok(namespaces.length >= 3);
    assert.deepEqual([...new Set(namespaces)], ["http://www.w3.org/1998/Math/MathML"]);
    await answer.locator("code").getByText("$PATH$").waitFor();
    const broken = [String.raw`$\frac{1$`, String.raw`\[\frac{2\]`];
    for (const source of broken)
      await answer.locator("code").getByText(source, { exact: true }).waitFor();
    await hasCount(answer.getByRole("columnheader").locator("math"), 2);
    const [wide, screen] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      innerWidth,
    ]);
    assert.equal(wide, screen);
    await workspace.close(page);
  });
}

test("long code has numbered lines, which are not copied, and is downloaded under its name", async () => {
  const page = await workspace.signedIn({ permissions: ["clipboard-read", "clipboard-write"] });
  const answer = await askScripted(page, "Write a program");
  const chat = await upstream.nextChat();
  const lines = Array.from({ length: 12 }, (_, index) => `print(${index}, "${"x".repeat(90)}")`);
  const code = ["# count.py", ...lines].join("\n");
  chat.say(`\`\`\`python\n${code}\n\`\`\`\n\nAnd \`\`\`\n\n\`\`\`sh\nls\n\`\`\`\n`);
  chat.end();
  const block = answer.getByRole("figure", { name: "Code: python" });
  const numbers = block.locator(".line-numbers");
  const short = answer.getByRole("figure", { name: "Code: sh" });
  await short.waitFor();
  await answer.and(page.locator("[aria-busy=false]")).waitFor();
  assert.equal((await numbers.getAttribute("data-numbers"))?.split("\n").at(-1), "13");
  await hasCount(short.locator(".line-numbers"), 0);

  // At once: what is drawn anew is not selected any more.
  const selected = await block.locator("pre").evaluate((pre) => {
    getSelection()?.selectAllChildren(pre);
    return String(getSelection());
  });
  assert.equal(selected.trim(), code);
  await block.getByRole("button", { name: "Copy code" }).click();
  await block.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code);

  const coming = page.waitForEvent("download");
  await block.getByRole("button", { name: "Download code" }).click();
  const file = await coming;
  assert.equal(file.suggestedFilename(), "count.py");
  assert.equal(await readFile(await file.path(), "utf8"), `${code}\n`);
  await block.getByRole("button", { name: "Wrap" }).click();
  await hasCount(numbers, 0);
  await workspace.close(page);
});

test("an answer whose renderer cannot be fetched is shown as its source", async () => {
  const page = await workspace.signedIn();
  await page.route("**/assets/markdown-*.js", (route) => route.abort());
  const answer = await askScripted(page, "Without a renderer");
  const chat = await upstream.nextChat();
  chat.say("It is **plain** then.");
  chat.end();
  await answer.getByText("It is **plain** then.").waitFor();
  await page.unroute("**/assets/markdown-*.js");
  await page.reload();
  await answer.getByText("It is plain then.").waitFor();
  await workspace.close(page, /ERR_FAILED|dynamically imported/);
});
