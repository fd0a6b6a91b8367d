import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ask,
  chats,
  completeAnswer,
  input,
  quickly,
  signIn,
  Workspace,
} from "./support/workspace.ts";

let workspace: Workspace;
before(async () => (workspace = await Workspace.start(quickly)));
after(() => workspace.remove());

test("a chat is renamed in place, and in the other tab", async () => {
  const page = await workspace.signedIn();
  const other = await page.context().newPage();
  await other.goto("/");
  await ask(page, "How do I rename a chat?");
  await completeAnswer(page);
  await page.getByRole("button", { name: "Options for How do I rename a chat?" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  const field = page.getByRole("textbox", { name: "Title of the chat" });
  await field.fill("A better name");
  await field.press("Enter");
  await page.getByRole("heading", { level: 1, name: "A better name" }).waitFor();
  await chats(other).getByRole("link", { name: "A better name" }).waitFor();
  await page.reload();
  await chats(page).getByRole("link", { name: "A better name" }).waitFor();

  // Escape leaves the name as it was.
  await chats(page).getByRole("link", { name: "A better name" }).press("F2");
  await field.fill("Never mind");
  await field.press("Escape");
  await chats(page).getByRole("link", { name: "A better name" }).waitFor();
  await workspace.close(page);
});

test("a deleted chat leaves at once, and comes back with Undo", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Delete this one");
  const answer = await completeAnswer(page);
  const link = chats(page).getByRole("link", { name: "Delete this one" });
  await page.getByRole("button", { name: "Options for Delete this one" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await link.waitFor({ state: "detached" });
  await page.waitForURL("/");

  await page.getByRole("button", { name: "Undo" }).click();
  await link.click();
  assert.equal(await completeAnswer(page), answer);
  await workspace.close(page);
});

test("the draft of each chat stays its own, also over a reload", async () => {
  const page = await workspace.signedIn();
  await ask(page, "A chat with a draft");
  await completeAnswer(page);
  await input(page).fill("half a thought");
  await page.getByRole("link", { name: "New chat", exact: true }).click();
  await page.waitForURL("/");
  assert.equal(await input(page).inputValue(), "");
  await input(page).fill("another one");
  await page.reload();
  assert.equal(await input(page).inputValue(), "another one");
  await chats(page).getByRole("link", { name: "A chat with a draft" }).click();
  await page.waitForURL(/\/c\//);
  assert.equal(await input(page).inputValue(), "half a thought");
  await workspace.close(page);
});

test("signing out ends every tab of the window, and leaves nothing behind", async () => {
  const page = await workspace.signedIn();
  await input(page).fill("a private draft");
  const other = await page.context().newPage();
  await other.goto("/");
  await input(other).waitFor();
  await page.getByRole("button", { name: "Account: robin" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.waitForURL(/\/login/);
  await other.waitForURL(/\/login/);
  await page.goto("/");
  await page.getByRole("button", { name: "Sign in" }).waitFor();

  await page.goto("/login");
  await signIn(page);
  assert.equal(await input(page).inputValue(), "");
  await workspace.close(page);
});

test("many tabs that start at once share one session", async () => {
  const page = await workspace.signedIn();
  const tabs = await Promise.all([1, 2, 3, 4].map(() => page.context().newPage()));
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(tabs.map((tab) => tab.goto("/")));
    await Promise.all(tabs.map((tab) => input(tab).waitFor()));
  }
  await workspace.close(page);
});
