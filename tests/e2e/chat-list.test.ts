/** What the list of chats says of the answers in them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Upstream } from "../api/lib/upstream.ts";
import { eventually, hasCount } from "./support/eventually.ts";
import { askScripted, chats, newChat, quickly, Workspace } from "./support/workspace.ts";

let upstream: Upstream;
let workspace: Workspace;
before(async () => {
  ({ workspace, upstream } = await Workspace.withUpstream(quickly));
});
after(() => workspace.remove());

test("it shows who is being answered and who was, here and on another machine", async () => {
  const page = await workspace.signedIn();
  const other = await workspace.signedIn();
  const answer = await askScripted(page, "A long question");
  const chat = await upstream.nextChat();
  chat.say("It begins");
  await answer.getByText("It begins").waitFor();
  await newChat(page).click();
  await page.waitForURL("/");

  const busy = "A long question , is being answered";
  const done = "A long question , has a new answer";
  const titled = (mark: string) =>
    eventually(async () => assert.equal(await page.title(), `${mark}Web+`));
  await chats(page).getByRole("link", { name: busy }).waitFor();
  await chats(other).getByRole("link", { name: busy }).waitFor();
  await titled("◌ ");
  await page.reload();
  await chats(page).getByRole("link", { name: busy }).waitFor();

  chat.end();
  await chats(page).getByRole("link", { name: done }).waitFor();
  await chats(other).getByRole("link", { name: done }).waitFor();
  await titled("● ");
  await chats(page).getByRole("link", { name: done }).click();
  await page.getByRole("article").getByText("It begins").waitFor();
  await hasCount(chats(page).getByRole("link", { name: done }), 0);
  await eventually(async () => assert.equal(await page.title(), "A long question · Web+"));
  await workspace.close(other);
  await workspace.close(page);
});
