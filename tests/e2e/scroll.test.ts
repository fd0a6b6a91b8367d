import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { setTimeout as sleep } from "node:timers/promises";
import { type Chat, Upstream } from "../api/lib/upstream.ts";
import { turnWheel } from "./support/browser.ts";
import { eventually, hasCount } from "./support/eventually.ts";
import { askScripted, input, quickly, stopButton, thread, Workspace } from "./support/workspace.ts";

let upstream: Upstream;
let workspace: Workspace;
before(async () => {
  ({ workspace, upstream } = await Workspace.withUpstream(quickly));
});
after(() => workspace.remove());

const line = "Another line of it.\n\n";

/** A line now and then until it is stopped, so that it is still written when a slow page has come so far. */
async function writeOn(chat: Chat): Promise<void> {
  while (!chat.isClosed) {
    chat.say(line);
    await sleep(150);
  }
}

type Position = { top: number; fromEnd: number; height: number };

function position(page: Page): Promise<Position> {
  return thread(page).evaluate((element) => ({
    top: element.scrollTop,
    height: element.scrollHeight,
    fromEnd: element.scrollHeight - element.scrollTop - element.clientHeight,
  }));
}

async function untilTallerThan(page: Page, height: number): Promise<void> {
  await page.waitForFunction(
    (least) => (document.querySelector("[aria-label=Messages]")?.scrollHeight ?? 0) > least,
    height,
    { timeout: 60_000 },
  );
}

/** Rows are measured a frame after they are drawn. */
function isAtEnd(page: Page, what: string): Promise<void> {
  return eventually(async () => assert.ok((await position(page)).fromEnd <= 2, what));
}

/** A small window, so that an answer soon outgrows it. */
const low = { viewport: { width: 900, height: 460 } };

test("the view follows the end, lets go at any scroll up, and does not jump when the answer ends", async () => {
  const page = await workspace.signedIn(low);
  await askScripted(page, "What can I do with Web+, and where do I begin?");
  void writeOn(await upstream.nextChat());
  const { height } = await position(page);
  await untilTallerThan(page, height + 120);
  await isAtEnd(page, "it follows");

  await turnWheel(page, thread(page), -40);
  await page.getByRole("button", { name: /New content|Latest/ }).waitFor();
  const detached = await position(page);
  await untilTallerThan(page, detached.height + 60);
  assert.equal((await position(page)).top, detached.top, "it stays while the answer grows");
  await page.getByRole("button", { name: "New content" }).waitFor();

  await input(page).press("Escape");
  await page.getByText("You stopped this answer here.").waitFor();
  await stopButton(page).waitFor({ state: "detached" });
  assert.equal((await position(page)).top, detached.top, "it stays when the answer ends");

  await page.getByRole("button", { name: "New content" }).click();
  await isAtEnd(page, "it returns when asked to");
  await page.getByRole("button", { name: "New content" }).waitFor({ state: "detached" });
  await workspace.close(page);
});

test("scrolling back down to the end attaches again", async () => {
  const page = await workspace.signedIn(low);
  await askScripted(page, "Which settings are there, and what do they do?");
  const chat = await upstream.nextChat();
  chat.say(line.repeat(20));
  await hasCount(thread(page).getByText("Another line of it."), 20);
  await isAtEnd(page, "it follows");
  await turnWheel(page, thread(page), -60);
  const pill = page.getByRole("button", { name: /New content|Latest/ });
  await pill.waitFor();
  // Nothing is added meanwhile: a slow page would always be a line behind the end.
  await page.mouse.wheel(0, 5_000);
  await pill.waitFor({ state: "detached" });
  const { height } = await position(page);
  chat.say(line.repeat(5));
  await untilTallerThan(page, height + 40);
  await isAtEnd(page, "it follows again");
  await input(page).press("Escape");
  await stopButton(page).waitFor({ state: "detached" });
  await workspace.close(page);
});
