/** Versions of questions and answers: made, walked, and kept. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import type { Upstream } from "../api/lib/upstream.ts";
import { eventually, hasCount, isFocused } from "./support/eventually.ts";
import { People } from "./support/people.ts";
import { askScripted, input, quickly, Workspace } from "./support/workspace.ts";

let upstream: Upstream;
let workspace: Workspace;
before(async () => {
  ({ workspace, upstream } = await Workspace.withUpstream(quickly));
});
after(() => workspace.remove());

/** The model says this to whatever is asked next. */
async function answerWith(page: Page, text: string): Promise<void> {
  const chat = await upstream.nextChat();
  chat.say(text);
  chat.end();
  await page.getByRole("article", { name: "scripted" }).getByText(text).waitFor();
  await page.locator("article[aria-busy=true]").waitFor({ state: "detached" });
}

const you = (page: Page) => page.getByRole("article", { name: "You" });

async function shows(page: Page, expected: string[]): Promise<void> {
  await eventually(async () => {
    const texts = await page
      .locator("article .whitespace-pre-wrap, article .prose")
      .allInnerTexts();
    assert.deepEqual(
      texts.filter((text) => text !== ""),
      expected,
    );
  });
}

test("a question is sent in other words, and both branches can be walked by the keyboard", async () => {
  const page = await workspace.signedIn();
  await askScripted(page, "First");
  await answerWith(page, "Answer one.");
  await askScripted(page, "Second");
  await answerWith(page, "Answer two.");

  await you(page).first().hover();
  await you(page).first().getByRole("button", { name: "Edit message" }).click();
  const field = page.getByRole("textbox", { name: "Edit the message" });
  await isFocused(field);
  await field.press("Escape");
  await field.waitFor({ state: "detached" });
  await shows(page, ["First", "Answer one.", "Second", "Answer two."]);

  await you(page).first().getByRole("button", { name: "Edit message" }).click();
  await field.fill("First, in other words");
  await field.press("Control+Enter");
  await answerWith(page, "Another answer.");
  await shows(page, ["First, in other words", "Another answer."]);
  await page.getByRole("img", { name: "Version 2 of 2" }).waitFor();

  const back = page.getByRole("button", { name: "Previous version" });
  await back.focus();
  await page.keyboard.press("Enter");
  await shows(page, ["First", "Answer one.", "Second", "Answer two."]);
  await isFocused(back);
  await page.getByRole("button", { name: "Next version" }).press("Enter");
  await shows(page, ["First, in other words", "Another answer."]);

  // The server keeps which branch is shown.
  await page.reload();
  await shows(page, ["First, in other words", "Another answer."]);
  await page.getByRole("img", { name: "Version 2 of 2" }).waitFor();
  await workspace.close(page);
});

test("an answer is tried again beside the first, in both tabs", async () => {
  const page = await workspace.signedIn();
  await askScripted(page, "Try this");
  await answerWith(page, "Try one.");
  const other = await page.context().newPage();
  await other.goto(page.url());
  await shows(other, ["Try this", "Try one."]);
  await hasCount(other.getByRole("group", { name: "Versions" }), 0);
  await page.bringToFront();
  for (const text of ["Try two.", "Try three."]) {
    await page.getByRole("button", { name: "Regenerate" }).click();
    await answerWith(page, text);
  }
  await page.getByRole("img", { name: "Version 3 of 3" }).waitFor();
  await shows(other, ["Try this", "Try three."]);
  await other.getByRole("img", { name: "Version 3 of 3" }).waitFor();

  await page.getByRole("button", { name: "Previous version" }).click();
  await shows(page, ["Try this", "Try two."]);
  await shows(other, ["Try this", "Try two."]);
  await input(page).fill("Go on from two");
  await input(page).press("Enter");
  const chat = await upstream.nextChat();
  assert.deepEqual(
    chat.messages.map(({ content }) => content),
    ["Try this", "Try two.", "Go on from two"],
  );
  chat.end();
  await workspace.close(page);
});

test("a chat that was opened at a message goes on in another branch", async () => {
  const page = await workspace.signedIn();
  await askScripted(page, "Found");
  await answerWith(page, "Answer one.");
  await page.waitForURL(/\/c\//);
  const address = new URL(page.url()).pathname;
  const people = await People.of(workspace);
  const list = (await people.call(
    "GET",
    address.replace("/c/", "/conversations/") + "/messages",
  )) as { items: { id: string; role: string }[] };
  const found = list.items.find(({ role }) => role === "user");
  await page.goto(`${address}?message=${found?.id ?? ""}`);
  await page.locator("[data-found=true]").getByText("Found").waitFor();
  const pulls: string[] = [];
  page.on("request", (request) => request.method() === "PATCH" && pulls.push(request.url()));

  await you(page).hover();
  await you(page).getByRole("button", { name: "Edit message" }).click();
  const field = page.getByRole("textbox", { name: "Edit the message" });
  await field.fill("In other words");
  await field.press("Control+Enter");
  await answerWith(page, "Another answer.");
  await shows(page, ["In other words", "Another answer."]);
  await page.getByRole("button", { name: "Regenerate" }).click();
  await answerWith(page, "A third.");
  await shows(page, ["In other words", "A third."]);
  assert.deepEqual(pulls, []);

  // What was written since has left the message, also over a reload.
  await page.waitForURL((url) => url.search === "");
  await page.reload();
  await shows(page, ["In other words", "A third."]);
  assert.deepEqual(pulls, []);

  // Opened anew at the message, its branch is shown.
  await page.goto(`${address}?message=${found?.id ?? ""}`);
  await shows(page, ["Found", "Answer one."]);
  assert.equal(pulls.length, 1);
  await workspace.close(page);
});
