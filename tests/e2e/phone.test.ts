import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { phone, settled } from "./support/browser.ts";
import { eventually, hasCount } from "./support/eventually.ts";
import {
  chats,
  completeAnswer,
  input,
  newChat,
  quickly,
  reconnected,
  Workspace,
} from "./support/workspace.ts";

let workspace: Workspace;
before(async () => (workspace = await Workspace.start(quickly)));
after(() => workspace.remove());

async function assertNothingOverflows(page: Page): Promise<void> {
  await eventually(async () => {
    const [content, screen] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      innerWidth,
    ]);
    assert.equal(content, screen);
  });
}

test("asking, the drawer, and its menus work at phone width", async () => {
  const page = await workspace.signedIn(phone);
  await assertNothingOverflows(page);
  await hasCount(chats(page), 0);

  await input(page).fill("How do I connect an OpenAI-compatible server?");
  await page.getByRole("button", { name: "Send" }).tap();
  await completeAnswer(page);
  await assertNothingOverflows(page);

  const drawer = page.getByRole("dialog", { name: "Chats" });
  await page.getByRole("button", { name: "Show the chat list" }).tap();
  await chats(page).waitFor();
  await drawer.getByRole("button", { name: "Account: robin" }).tap();
  await page.getByRole("menuitemradio", { name: "Dark" }).tap();
  await page.locator("html[data-theme=dark]").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.equal(await drawer.count(), 1, "the menu closes before the drawer");

  await drawer.getByRole("link", { name: /OpenAI-compatible server/ }).tap();
  await drawer.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Show the chat list" }).tap();
  await newChat(drawer).tap();
  await drawer.waitFor({ state: "detached" });
  await page.getByRole("heading", { name: /What shall we work on/ }).waitFor();
  await workspace.close(page);
});

test("a chat that was deleted in the drawer comes back with Undo", async () => {
  const page = await workspace.signedIn(phone);
  await input(page).fill("Deleted by mistake");
  await page.getByRole("button", { name: "Send" }).tap();
  await completeAnswer(page);
  await page.goto("/");
  const drawer = page.getByRole("dialog", { name: "Chats" });
  await page.getByRole("button", { name: "Show the chat list" }).tap();
  const link = drawer.getByRole("link", { name: "Deleted by mistake" });
  await drawer.getByRole("button", { name: "Options for Deleted by mistake" }).tap();
  await page.getByRole("menuitem", { name: "Delete" }).tap();
  await link.waitFor({ state: "detached" });
  const undo = page.getByRole("button", { name: "Undo" });
  await eventually(async () => {
    const box = await undo.boundingBox();
    assert.ok(box && box.x >= 0 && box.x + box.width <= 390, "it is in view");
  });
  await undo.tap();
  await link.waitFor();
  await link.tap();
  await completeAnswer(page);
  await workspace.close(page);
});

test("what can be tapped is large enough", async () => {
  const page = await workspace.signedIn(phone);
  await page.getByRole("button", { name: "Model: Web+ Guide" }).waitFor();
  await settled(page);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, a[href]")]
      .map((element) => ({
        name: element.getAttribute("aria-label") ?? element.textContent,
        box: element.getBoundingClientRect(),
      }))
      .filter(({ box }) => box.width > 1 && (box.width < 24 || box.height < 24))
      .map(({ name }) => name),
  );
  assert.deepEqual(small, [], "WCAG 2.2, target size (minimum)");
  await workspace.close(page);
});

test("settings and administration fit a phone", async () => {
  const page = await workspace.signedIn(phone);
  const addresses = ["profile", "password", "sessions", "api-keys", "deleted", "data"]
    .map((name) => `/settings/${name}`)
    .concat(["users", "roles", "audit", "settings"].map((name) => `/admin/${name}`));
  for (const address of addresses) {
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByRole("status", { name: /^Loading/ }).waitFor({ state: "detached" });
    await assertNothingOverflows(page);
    const current = page.locator("nav [aria-current=page]");
    await eventually(async () => {
      const box = await current.boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= 390, `${address} is not in view`);
    });
  }
  await page.goto("/settings/api-keys");
  await page.getByRole("button", { name: "New key" }).tap();
  await page.getByLabel("Name", { exact: true }).fill("A program");
  await page.getByRole("button", { name: "Create the key" }).tap();
  await eventually(async () => {
    const copy = await page.getByRole("button", { name: "Copy" }).boundingBox();
    assert.ok(copy !== null && copy.x + copy.width <= 390, "the key can be copied");
  });
  await workspace.close(page);
});

test("a field to rename in is not zoomed into, and the page can be put on the home screen", async () => {
  const page = await workspace.signedIn(phone);
  await input(page).fill("To be renamed");
  await page.getByRole("button", { name: "Send" }).tap();
  await completeAnswer(page);
  await page.getByRole("button", { name: "Options for this chat" }).tap();
  await page.getByRole("menuitem", { name: "Rename" }).tap();
  const field = page.getByRole("textbox", { name: "Title of the chat" });
  const size = await field.evaluate((element) => getComputedStyle(element).fontSize);
  assert.equal(size, "16px", "iOS zooms into what is smaller");

  const manifest = await page.request.get("/manifest.webmanifest");
  const { icons } = (await manifest.json()) as { icons: { src: string; type: string }[] };
  for (const { src, type } of [...icons, { src: "/apple-touch-icon.png", type: "image/png" }]) {
    const icon = await page.request.get(src);
    assert.equal(icon.status(), 200, src);
    assert.equal(icon.headers()["content-type"], type);
  }
  await workspace.close(page);
});

test("a note leaves the header free, also while the connection is away", async () => {
  const page = await workspace.signedIn(phone);
  await input(page).fill("Where notes stand");
  await page.getByRole("button", { name: "Send" }).tap();
  await completeAnswer(page);
  await workspace.program.end("SIGTERM");
  await page.getByText("Reconnecting to the server").waitFor();
  await page.getByRole("button", { name: "Regenerate" }).tap();
  const note = page.getByRole("region", { name: "Notifications" });
  // It stays while it is pointed at.
  await note.getByText("The server did not answer.").hover();
  await settled(page);
  const menu = page.getByRole("button", { name: "Options for this chat" });
  await eventually(async () => {
    const { y: top = 0 } = (await note.boundingBox()) ?? {};
    const { y = 0, height = 0 } = (await menu.boundingBox()) ?? {};
    assert.ok(
      y > 0 && top >= y + height,
      `the note is at ${top}, the header ends at ${y + height}`,
    );
  });
  await menu.tap();
  await page.getByRole("menuitem", { name: "Rename" }).waitFor();
  await note.getByText("The server did not answer.").waitFor();
  await workspace.program.run();
  await reconnected(page);
  const height = () =>
    page.evaluate(() => document.documentElement.style.getPropertyValue("--banner-height"));
  assert.equal(await height(), "");
  await workspace.close(page, /ERR_|WebSocket/);
});

test("when something was said can be seen without pointing at it, of one's own messages too", async () => {
  const page = await workspace.signedIn(phone);
  await input(page).fill("What time is it?");
  await page.getByRole("button", { name: "Send" }).tap();
  await completeAnswer(page);
  const opacity = (which: Locator) =>
    which.evaluate((element) => getComputedStyle(element).opacity);
  const times = page.getByRole("article").locator("time");
  await hasCount(times, 2);
  for (const time of await times.all()) {
    assert.match(await time.innerText(), /^\d\d:\d\d/);
    assert.equal(await opacity(time), "1");
  }
  await page.clock.install({ time: Date.now() + 48 * 3_600_000 });
  await page.reload();
  await completeAnswer(page);
  await hasCount(times, 2);
  for (const time of await times.all())
    assert.match(await time.innerText(), /^\w+ \d+(, \d{4})?, \d\d:\d\d/);
  await workspace.close(page);

  const desk = await workspace.signedIn();
  await desk.getByRole("link", { name: "What time is it?" }).click();
  await completeAnswer(desk);
  const own = desk.getByRole("article", { name: "You" });
  await desk.mouse.move(0, 0);
  await eventually(async () => assert.equal(await opacity(own.locator("time")), "0"));
  await own.hover();
  await eventually(async () => assert.equal(await opacity(own.locator("time")), "1"));
  await workspace.close(desk);
});
