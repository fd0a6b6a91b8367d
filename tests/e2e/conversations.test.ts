import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { frames } from "./support/browser.ts";
import { hasCount, hasValue, inFront, isFocused } from "./support/eventually.ts";
import { People } from "./support/people.ts";
import {
  ask,
  chats,
  completeAnswer,
  input,
  newChat,
  quickly,
  signIn,
  welcome,
  Workspace,
} from "./support/workspace.ts";

let workspace: Workspace;
before(async () => (workspace = await Workspace.start(quickly)));
after(() => workspace.remove());

test("a chat is renamed in place, and in the other tab", async () => {
  const page = await workspace.signedIn();
  const other = await page.context().newPage();
  await other.goto("/");
  await inFront(page);
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

test("the chat's own header renames it, and deletes it", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Named from above");
  await completeAnswer(page);
  const menu = page.getByRole("button", { name: "Options for this chat" });
  await menu.click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  const field = page.getByRole("textbox", { name: "Title of the chat" });
  await field.fill("Another title");
  await field.press("Enter");
  const link = chats(page).getByRole("link", { name: "Another title" });
  await link.waitFor();
  await page.getByRole("heading", { level: 1, name: "Another title" }).waitFor();
  await isFocused(menu);
  await menu.click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.waitForURL("/");
  await link.waitFor({ state: "detached" });
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
  await page.waitForURL(/\/c\//);
  await link.and(page.locator("[aria-current=page]")).waitFor();
  assert.equal(await completeAnswer(page), answer);

  // Whoever went elsewhere meanwhile stays there.
  await link.press("Delete");
  await page.waitForURL("/");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("settings profile");
  await page.getByRole("option", { name: "Settings: Profile" }).waitFor();
  await page.keyboard.press("Enter");
  const undo = page.getByRole("button", { name: "Undo" });
  // It stays while it is pointed at.
  await undo.hover();
  const profile = page.getByRole("heading", { name: "Profile", exact: true });
  await profile.waitFor();
  const restored = page.waitForResponse("**/restore");
  await undo.click();
  assert.ok((await restored).ok());
  await link.waitFor();
  await frames(page, 10);
  await profile.waitFor();
  assert.equal(new URL(page.url()).pathname, "/settings/profile");
  await page.goto("/");
  await link.waitFor();
  await workspace.close(page);
});

test("a chat that the server did not delete is open again, with what was in it", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Not to be deleted");
  const answer = await completeAnswer(page);
  const address = page.url();
  const letReply = Promise.withResolvers<void>();
  await page.route("**/api/v1/conversations/*", async (route) => {
    if (route.request().method() !== "DELETE") return route.continue();
    await letReply.promise;
    await route.abort("connectionrefused");
  });
  const remove = async () => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill("delete this chat");
    await page.getByRole("option", { name: "Delete this chat" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("/");
  };
  await remove();
  await page.route("**/messages*", (route) => route.abort("connectionrefused"));
  letReply.resolve();
  await page.getByText("Not deleted: The server did not answer.").waitFor();
  await page.waitForURL(address);
  assert.equal(await completeAnswer(page), answer);
  await hasCount(page.getByText("The messages could not be fetched"), 0);
  await workspace.close(page, /ERR_CONNECTION_REFUSED/);
});

test("a list that comes late does not undo what has happened since it was asked for", async () => {
  const page = await workspace.signedIn();
  // What this page still asks for is not to be held in the place of what the next one does.
  await page.goto("about:blank");
  let letIn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letIn = resolve));
  const lists = /\/api\/v1\/conversations\?limit/;
  await page.route(
    lists,
    async (route) => {
      const early = await route.fetch();
      await held;
      await route.fulfill({ response: early });
    },
    { times: 1 },
  );
  const asked = page.waitForRequest(lists);
  await page.goto("/");
  await asked;
  await ask(page, "Begun before the list was there");
  await completeAnswer(page);
  letIn();
  await chats(page).getByRole("link", { name: "Begun before the list was there" }).waitFor();
  await workspace.close(page);
});

test("a chat that is deleted while it is open says so, here and elsewhere, until it is restored", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Open on two devices");
  const answer = await completeAnswer(page);
  const other = await workspace.signedIn();
  await other.goto(new URL(page.url()).pathname);
  await completeAnswer(other);

  await page.getByRole("button", { name: "Options for this chat" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await welcome(page).waitFor();
  await page.goBack();
  for (const window of [page, other]) {
    await window.getByRole("heading", { name: "This chat was deleted" }).waitFor();
    await hasCount(input(window), 0);
  }
  await other.getByRole("button", { name: "Restore" }).click();
  for (const window of [page, other]) assert.equal(await completeAnswer(window), answer);
  await workspace.close(other);
  await workspace.close(page);
});

test("a chat that was erased takes its draft with it", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Erased with all of it");
  await completeAnswer(page);
  const address = new URL(page.url()).pathname;
  await input(page).fill("half a thought");
  const link = chats(page).getByRole("link", { name: "Erased with all of it" });
  await link.press("Delete");
  // It vanishes at once; the page must not be left before the server knows.
  await page.getByText("Chat deleted").waitFor();
  await link.waitFor({ state: "detached" });
  await page.goto(address);
  await page.getByRole("heading", { name: "This chat was deleted" }).waitFor();
  await page.getByRole("button", { name: "Restore" }).waitFor();

  await page.goto("/settings/deleted");
  await page.getByRole("button", { name: "Delete Erased with all of it for good" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
  await page.getByText("Erased", { exact: true }).waitFor();
  const kept = await page.evaluate(() => Object.values(localStorage).map(String));
  assert.ok(!kept.includes("half a thought"));
  await page.goto(address);
  await page.getByRole("heading", { name: "This chat is not here" }).waitFor();
  await workspace.close(page, /404/);
});

test("deleted chats wait in the settings to be restored, or deleted for good", async () => {
  const page = await workspace.signedIn();
  const link = (name: string) => chats(page).getByRole("link", { name });
  for (const title of ["Wanted back", "Not wanted"]) {
    await page.goto("/");
    await ask(page, title);
    await completeAnswer(page);
    // It vanishes at once; the page must not be left before the server knows.
    const deleted = page.waitForResponse((reply) => reply.request().method() === "DELETE");
    await link(title).press("Delete");
    await link(title).waitFor({ state: "detached" });
    assert.ok((await deleted).ok());
  }
  await page.goto("/settings/deleted");
  const row = (title: string) => page.getByRole("listitem").filter({ hasText: title });
  await row("Wanted back").getByText("30 days left").waitFor();
  await page.getByRole("button", { name: "Restore Wanted back" }).click();
  await link("Wanted back").waitFor();
  await page.getByRole("button", { name: "Restore Wanted back" }).waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Delete Not wanted for good" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
  await page.getByText("Erased", { exact: true }).waitFor();
  await row("Not wanted").waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("heading", { name: "Deleted chats" }).waitFor();
  await page.getByRole("status", { name: /^Loading/ }).waitFor({ state: "detached" });
  await hasCount(row("Not wanted"), 0);
  await workspace.close(page);
});

test("deleting by the keyboard goes on at the next chat", async () => {
  const page = await workspace.signedIn();
  const links = chats(page).getByRole("link");
  for (const question of ["The lower one", "The upper one"]) {
    await page.goto("/");
    await ask(page, question);
    await completeAnswer(page);
  }
  await page.goto("/");
  const upper = chats(page).getByRole("link", { name: "The upper one" });
  await upper.and(links.nth(0)).press("Delete");
  await upper.waitFor({ state: "detached" });
  const lower = chats(page).getByRole("link", { name: "The lower one" });
  await isFocused(lower);
  await workspace.close(page);
});

test("a chat without a message says that it waits for one", async () => {
  const page = await workspace.signedIn();
  const people = await People.of(workspace);
  await people.call("POST", "/conversations", { title: "Made by a program" });
  await chats(page).getByRole("link", { name: "Made by a program" }).click();
  await page.getByRole("heading", { name: "Nothing here yet" }).waitFor();
  await ask(page, "Then I begin");
  await completeAnswer(page);
  await hasCount(page.getByRole("heading", { name: "Nothing here yet" }), 0);
  await workspace.close(page);
});

test("the draft of each chat stays its own, also over a reload", async () => {
  const page = await workspace.signedIn();
  await ask(page, "A chat with a draft");
  await completeAnswer(page);
  await input(page).fill("half a thought");
  await newChat(page).click();
  await page.waitForURL("/");
  await hasValue(input(page), "");
  await input(page).fill("another one");
  await page.reload();
  await hasValue(input(page), "another one");
  await chats(page).getByRole("link", { name: "A chat with a draft" }).click();
  await page.waitForURL(/\/c\//);
  await hasValue(input(page), "half a thought");
  await workspace.close(page);
});

test("a draft is the same in all tabs, and none that is left takes it away", async () => {
  const page = await workspace.signedIn();
  const other = await page.context().newPage();
  await other.goto("/");
  await input(other).waitFor();
  await inFront(page);
  await input(page).fill("typed in one tab");
  await hasValue(input(other), "typed in one tab");
  await other.close();
  await page.reload();
  await hasValue(input(page), "typed in one tab");
  await workspace.close(page);
});

test("a tab without the draft leaves it where it is", async () => {
  const page = await workspace.signedIn();
  const other = await page.context().newPage();
  // One that does not hear of it.
  await other.addInitScript(() => addEventListener("storage", (e) => e.stopImmediatePropagation()));
  await other.goto("/");
  await input(other).waitFor();
  await inFront(page);
  await input(page).fill("typed in one tab");
  await page.goto("about:blank");
  await other.goto("about:blank");
  await page.goto("/");
  await hasValue(input(page), "typed in one tab");
  await workspace.close(page);
});

test("signing out ends every tab of the window, and leaves nothing behind", async () => {
  const page = await workspace.signedIn();
  await input(page).fill("a private draft");
  const other = await page.context().newPage();
  await other.goto("/");
  await input(other).waitFor();
  await inFront(page);
  await page.getByRole("button", { name: "Account: robin" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.waitForURL(/\/login/);
  await other.waitForURL(/\/login/);
  await page.goto("/");
  await page.getByRole("button", { name: "Sign in" }).waitFor();

  await page.goto("/login");
  await signIn(page);
  await hasValue(input(page), "");
  // 401: what was still on its way when the session ended.
  await workspace.close(page, /401/);
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
