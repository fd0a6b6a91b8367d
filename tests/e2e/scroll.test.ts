import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { frames } from "./support/browser.ts";
import { eventually } from "./support/eventually.ts";
import {
  ask,
  input,
  partialAnswer,
  slowly,
  stopButton,
  thread,
  Workspace,
} from "./support/workspace.ts";

let workspace: Workspace;
before(async () => (workspace = await Workspace.start(slowly)));
after(() => workspace.remove());

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

/** A turn of the wheel scrolls for several frames. */
async function atRest(page: Page): Promise<Position> {
  let last = await position(page);
  return eventually(async () => {
    const before = last;
    await frames(page, 10);
    last = await position(page);
    assert.equal(last.top, before.top, "it still scrolls");
    return last;
  });
}

/** Rows are measured a frame after they are drawn. */
function isAtEnd(page: Page, what: string): Promise<void> {
  return eventually(async () => assert.ok((await position(page)).fromEnd <= 2, what));
}

/** A small window, so that an answer soon outgrows it. */
const low = { viewport: { width: 900, height: 460 } };

test("the view follows the end, lets go at any scroll up, and does not jump when the answer ends", async () => {
  const page = await workspace.signedIn(low);
  await ask(page, "What can I do with Web+, and where do I begin?");
  await partialAnswer(page, 20);
  const { height } = await position(page);
  await untilTallerThan(page, height + 120);
  await isAtEnd(page, "it follows");

  await thread(page).hover();
  await page.mouse.wheel(0, -40);
  await page.getByRole("button", { name: /New content|Latest/ }).waitFor();
  const detached = await atRest(page);
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
  await ask(page, "Which settings are there, and what do they do?");
  await partialAnswer(page, 20);
  await untilTallerThan(page, (await position(page)).height + 120);
  await thread(page).hover();
  await page.mouse.wheel(0, -60);
  const pill = page.getByRole("button", { name: /New content|Latest/ });
  await pill.waitFor();
  await page.mouse.wheel(0, 5_000);
  await pill.waitFor({ state: "detached" });
  const { height } = await position(page);
  await untilTallerThan(page, height + 40);
  await isAtEnd(page, "it follows again");
  await input(page).press("Escape");
  await stopButton(page).waitFor({ state: "detached" });
  await workspace.close(page);
});
