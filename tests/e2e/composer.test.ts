/** The message field, and the one in which a message is edited. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Upstream } from "../api/lib/upstream.ts";
import { frames } from "./support/browser.ts";
import { eventually, hasCount, hasValue, isFocused } from "./support/eventually.ts";
import {
  ask,
  askScripted,
  input,
  quickly,
  sendButton,
  signIn,
  stopButton,
  Workspace,
} from "./support/workspace.ts";

let upstream: Upstream;
let workspace: Workspace;
before(async () => {
  ({ workspace, upstream } = await Workspace.withUpstream(quickly));
});
after(() => workspace.remove());

test("what is typed while an answer is written stays, with the reason, and is sent after it", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "A question");
  const chat = await upstream.nextChat();
  chat.say("It takes its time");
  await answer.getByText("It takes its time").waitFor();
  await input(page).fill("And another one");
  const note = page.getByText("Not sent yet: an answer is being written.");
  await hasCount(note, 0);
  await input(page).press("Enter");
  await note.waitFor();
  await hasValue(input(page), "And another one");

  chat.end();
  await note.waitFor({ state: "detached" });
  await sendButton(page).waitFor();
  await input(page).press("Enter");
  const next = await upstream.nextChat();
  assert.equal(next.messages.at(-1)?.content, "And another one");
  await hasCount(note, 0);
  next.end();
  await workspace.close(page);
});

test("the arrow up edits the last message, however far up it is, and only from an empty field", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "The last of mine");
  const chat = await upstream.nextChat();
  chat.say("A long answer.\n\n".repeat(120));
  chat.end();
  await answer.and(page.locator("[aria-busy=false]")).waitFor();
  const field = page.getByRole("textbox", { name: "Edit the message" });
  await input(page).fill("x");
  await input(page).press("ArrowUp");
  await frames(page, 10);
  await hasCount(field, 0);
  await input(page).fill("");
  await input(page).press("ArrowUp");
  await isFocused(field);
  await hasValue(field, "The last of mine");
  await eventually(async () => {
    const box = await field.boundingBox();
    assert.ok(box && box.y >= 0 && box.y < 700, `at ${box?.y}`);
  });
  await workspace.close(page);
});

test("a screen reader is told when an answer begins and when it is complete", async () => {
  const page = await workspace.signedIn();
  await askScripted(page, "Say when you begin");
  const chat = await upstream.nextChat();
  const told = page.locator("[role=status].sr-only");
  await told.getByText("scripted is answering.").waitFor({ state: "attached" });
  chat.say("Here I am.");
  chat.end();
  await told.getByText("Answer: Here I am.").waitFor({ state: "attached" });
  await workspace.close(page);
});

test("the focus comes back from an edit to where it was, and from one that is sent to the field", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "To be edited");
  const first = await upstream.nextChat();
  first.say("One.");
  first.end();
  // While it is written, the arrow up edits nothing.
  await answer.and(page.locator("[aria-busy=false]")).getByText("One.").waitFor();
  const pencil = page.getByRole("button", { name: "Edit message" });
  const field = page.getByRole("textbox", { name: "Edit the message" });
  await pencil.press("Enter");
  await field.press("Escape");
  await isFocused(pencil);
  await pencil.press("Enter");
  await page.getByRole("button", { name: "Cancel" }).press("Enter");
  await isFocused(pencil);

  await input(page).focus();
  await page.keyboard.press("ArrowUp");
  await field.press("Escape");
  await isFocused(input(page));
  await page.keyboard.press("ArrowUp");
  await field.fill("Edited");
  await field.press("Control+Enter");
  const second = await upstream.nextChat();
  await isFocused(input(page));
  second.end();
  await workspace.close(page);
});

test("a chat that is not longer than the screen has no way to its end", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "Something short");
  const chat = await upstream.nextChat();
  chat.say("Short.");
  chat.end();
  await answer.getByText("Short.").waitFor();
  const id = await page.getByRole("button", { name: "Edit message" }).getAttribute("data-edits");
  await page.goto(`${page.url()}?message=${id}`);
  await page.locator("[data-found=true]").getByText("Something short").waitFor();
  await frames(page, 10);
  await hasCount(page.getByRole("button", { name: "Latest" }), 0);
  await workspace.close(page);
});

test("a suggestion is added to what is written already, and takes the place of another one only", async () => {
  const page = await workspace.signedIn();
  const card = (name: string) => page.getByRole("button", { name });
  await card("Show me around").click();
  await hasValue(input(page), "What can I do with Web+, and where do I begin?");
  await card("Run it well").click();
  const prompt = "Which settings should I know before I run Web+ for a team?";
  await hasValue(input(page), prompt);
  await isFocused(input(page));

  await input(page).fill("Words of my own\n");
  await card("Run it well").click();
  await hasValue(input(page), `Words of my own\n\n${prompt}`);
  await card("Run it well").click();
  await hasValue(input(page), `Words of my own\n\n${prompt}`);
  await workspace.close(page);
});

test("an edit that is not sent is kept for its message, over another one and a reload, until it is given up", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "The first of two");
  const first = await upstream.nextChat();
  first.say("One.");
  first.end();
  await answer.getByText("One.").waitFor();
  await ask(page, "The second of two");
  const second = await upstream.nextChat();
  second.say("Two.");
  second.end();
  await page.getByText("Two.", { exact: true }).waitFor();

  const pencil = page.getByRole("button", { name: "Edit message" });
  const field = page.getByRole("textbox", { name: "Edit the message" });
  const unsent = page.getByRole("button", { name: "Unsent edit" });
  await pencil.first().click();
  await field.fill("Half of a better wor");
  await pencil.click();
  await hasValue(field, "The second of two");
  await field.press("Escape");
  await hasCount(unsent, 1);
  await pencil.first().click();
  await hasValue(field, "Half of a better wor");

  await page.reload();
  await unsent.click();
  await hasValue(field, "Half of a better wor");
  await field.press("Escape");
  await hasCount(unsent, 0);
  await pencil.first().click();
  await hasValue(field, "The first of two");

  await field.fill("Better words");
  await field.press("Control+Enter");
  const third = await upstream.nextChat();
  assert.equal(third.messages.at(-1)?.content, "Better words");
  third.end();
  await hasCount(field, 0);
  await page.waitForFunction(() => !Object.keys(localStorage).some((key) => /draft/.test(key)));
  await workspace.close(page);
});

test("an edit that is not sent goes with the session, and with its chat", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "A chat to be erased");
  const chat = await upstream.nextChat();
  chat.say("Yes.");
  chat.end();
  await answer.getByText("Yes.").waitFor();
  const kept = (count: number) =>
    eventually(async () => {
      const keys = await page.evaluate(() => Object.keys(localStorage));
      assert.equal(keys.filter((key) => key.startsWith("webplus.draft.")).length, count);
    });
  const writeAnew = async (words: string) => {
    await page.getByRole("button", { name: "Edit message" }).click();
    await page.getByRole("textbox", { name: "Edit the message" }).fill(words);
    await kept(1);
  };
  await writeAnew("Private words");
  const address = new URL(page.url()).pathname;
  await page.getByRole("button", { name: "Account: robin" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.waitForURL(/login/);
  await kept(0);

  await signIn(page);
  await page.goto(address);
  await writeAnew("Erased words");
  await page.getByRole("button", { name: "Options for this chat" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Undo" }).waitFor();
  await kept(1);
  await page.goto("/settings/deleted");
  await page.getByRole("button", { name: "Delete A chat to be erased for good" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
  await kept(0);
  // 401: what was still on its way when the session ended.
  await workspace.close(page, /401/);
});

test("the focus goes to the field once what was pressed is gone: Send, Stop, Continue, Regenerate", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "Pressed by mouse");
  const first = await upstream.nextChat();
  first.say("It begins");
  await answer.getByText("It begins").waitFor();
  await page.waitForURL(/\/c\//);
  await isFocused(input(page));
  await stopButton(page).click();
  const stopped = page.getByText("You stopped this answer here.");
  await stopped.waitFor();
  await isFocused(input(page));

  await page.getByRole("button", { name: "Continue" }).click();
  const second = await upstream.nextChat();
  second.say(" and goes on");
  await stopButton(page).focus();
  second.end();
  await stopButton(page).waitFor({ state: "detached" });
  await isFocused(input(page));

  await page.getByRole("button", { name: "Regenerate" }).click();
  const third = await upstream.nextChat();
  third.say("Another");
  await page.getByText("Another", { exact: true }).waitFor();
  await isFocused(input(page));
  await stopButton(page).focus();
  await page.keyboard.press("Escape");
  await stopped.waitFor();
  await isFocused(input(page));

  await input(page).fill("Once more");
  await sendButton(page).click();
  const fourth = await upstream.nextChat();
  await stopButton(page).waitFor();
  await isFocused(input(page));
  fourth.end();
  await page.getByText("The model answered with nothing.").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  const fifth = await upstream.nextChat();
  await stopButton(page).waitFor();
  await isFocused(input(page));
  fifth.end();
  await workspace.close(page);
});
