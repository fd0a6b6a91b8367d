/** Finding what was said, from anywhere on the page. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { frames, phone, turnWheel } from "./support/browser.ts";
import { eventually, hasCount } from "./support/eventually.ts";
import { People } from "./support/people.ts";
import { ask, completeAnswer, newChat, quickly, thread, Workspace } from "./support/workspace.ts";

let workspace: Workspace;
before(async () => {
  workspace = await Workspace.start(quickly);
  const page = await workspace.signedIn();
  await ask(page, "Where do narwhals keep their backups?");
  await completeAnswer(page);
  for (let turn = 0; turn < 4; turn += 1) {
    await ask(page, `And another question, number ${turn}: how do I install Web+?`);
    await completeAnswer(page);
  }
  await workspace.close(page);
  people = await People.of(workspace);
  await people.add("stranger");
});
after(() => workspace.remove());

let people: People;
const field = (page: Page) => page.getByRole("combobox");
const results = (page: Page) =>
  page.getByRole("group", { name: "In your chats" }).getByRole("option");
const asked = (page: Page) => results(page).filter({ hasText: "You: " });

/** The index follows what is said a moment later, and the page does not ask twice. */
async function search(page: Page, words: string): Promise<void> {
  await eventually(async () => {
    const found = await people.call("GET", `/search?q=${encodeURIComponent(words)}`);
    const { items } = found as { items: { found_in: string }[] };
    assert.ok(items.some(({ found_in }) => found_in === "user"));
  });
  await field(page).fill(words);
  await asked(page).first().waitFor();
}

async function assertOpenedAtIt(page: Page): Promise<void> {
  await page.waitForURL(/\/c\/[^?]+\?message=/);
  const found = page.locator("[data-found=true]").getByText("Where do narwhals keep");
  await eventually(async () => {
    const box = await found.boundingBox({ timeout: 1_000 });
    const height = page.viewportSize()?.height ?? 0;
    assert.ok(box !== null && box.y > 0 && box.y < height, "it is in view");
  });
}

test("words are found as one types, marked, and opened at their message by the keyboard", async () => {
  const page = await workspace.signedIn();
  await page.keyboard.press("Control+k");
  await search(page, "narwhals");
  await asked(page).locator("mark").getByText("narwhals").waitFor();
  for (let step = 0; step < 10; step += 1) {
    if ((await asked(page).getAttribute("aria-selected")) === "true") break;
    await field(page).press("ArrowDown");
  }
  await field(page).press("Enter");
  await assertOpenedAtIt(page);
  await page.getByRole("button", { name: /Latest|New content/ }).waitFor();

  await page.keyboard.press("Control+k");
  await field(page).fill("nobodysaidthis");
  await page.getByText("Nothing found.").waitFor();
  await workspace.close(page);
});

/** Where the words that were searched for are marked, from the top of the window. */
const markedPlaces = (page: Page) =>
  page.evaluate(() =>
    [...(CSS.highlights.get("found") ?? [])].map((range) => ({
      text: (range as Range).toString(),
      top: (range as Range).getBoundingClientRect().top,
    })),
  );

test("a long message is opened at the words, and has them marked", async () => {
  const page = await workspace.signedIn();
  await newChat(page).first().click();
  const lines = Array.from({ length: 120 }, (_, i) => `Line ${i} of it.`);
  lines[100] = "Here is the **quagga** of line 100.";
  await ask(page, lines.join("\n\n"));
  await completeAnswer(page);
  await page.keyboard.press("Control+k");
  await search(page, "quagga");
  assert.ok(!(await asked(page).first().innerText()).includes("**"));
  await asked(page).first().click();
  await eventually(async () => {
    const places = await markedPlaces(page);
    assert.deepEqual(
      places.map(({ text }) => text),
      ["quagga"],
    );
    const height = page.viewportSize()?.height ?? 0;
    assert.ok(places[0]!.top > 0 && places[0]!.top < height, `it stands at ${places[0]!.top}`);
  });
  await workspace.close(page);
});

async function markedInView(page: Page): Promise<void> {
  await eventually(async () => {
    const [place] = await markedPlaces(page);
    const height = page.viewportSize()?.height ?? 0;
    assert.ok(place !== undefined, "nothing is marked");
    assert.ok(place.top > 0 && place.top < height, `it stands at ${place.top}`);
  });
}

async function openHit(page: Page, words: string): Promise<void> {
  await page.keyboard.press("Control+k");
  await search(page, words);
  await asked(page).first().click();
}

async function toLatest(page: Page): Promise<void> {
  const pill = page.getByRole("button", { name: /Latest|New content/ });
  await pill.click();
  await pill.waitFor({ state: "detached" });
}

/** So few that its last messages and its first are not drawn together. */
const low = { viewport: { width: 900, height: 460 } };

test("a hit that is opened again leads there again", async () => {
  const page = await workspace.signedIn(low);
  await openHit(page, "narwhals");
  await markedInView(page);
  await toLatest(page);
  await page.locator("[data-found=true]").waitFor({ state: "detached" });
  await openHit(page, "narwhals");
  await markedInView(page);
  await workspace.close(page);
});

test("whoever scrolls away from a hit is not taken back when its message is drawn", async () => {
  const page = await workspace.signedIn(low);
  await openHit(page, "narwhals");
  await markedInView(page);
  await toLatest(page);
  await page.locator("[data-found=true]").waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await search(page, "narwhals");
  // A reader who scrolls down from the very frame in which it is opened.
  await page.evaluate(() => {
    const scroller = document.querySelector("[aria-label=Messages]");
    let left = 30;
    const scroll = () => {
      scroller?.dispatchEvent(new WheelEvent("wheel", { deltaY: 100, bubbles: true }));
      scroller?.scrollTo(0, scroller.scrollHeight);
      left -= 1;
      if (left > 0) requestAnimationFrame(scroll);
    };
    document.addEventListener("click", () => requestAnimationFrame(scroll), { once: true });
  });
  await asked(page).first().click();
  await frames(page, 40);
  await hasCount(page.locator("[data-found=true]"), 0);

  await eventually(async () => {
    await turnWheel(page, thread(page), -200);
    await frames(page, 3);
    assert.equal(await page.locator("[data-found=true]").count(), 1, "it is drawn, out of view");
  });
  await frames(page, 90);
  const [place] = await markedPlaces(page);
  assert.ok(place !== undefined && place.top < 0, `it stays out of view: ${place?.top}`);
  await workspace.close(page);
});

test("a hit is washed with colour for a moment, and left when something is sent", async () => {
  const page = await workspace.signedIn();
  // Looked for in each frame from before it is opened.
  const washed = page.waitForFunction(
    () => document.querySelector("[data-fresh=true]") !== null,
    undefined,
    { polling: "raf" },
  );
  await openHit(page, "narwhals");
  await washed;
  await page.locator("[data-fresh=true]").waitFor({ state: "detached" });
  await markedInView(page);

  await ask(page, "What became of it?");
  await page.waitForURL((url) => /^\/c\//.test(url.pathname) && url.search === "");
  await hasCount(page.locator("[data-found=true]"), 0);
  await completeAnswer(page);
  await page.reload();
  await page.getByRole("article", { name: "You" }).getByText("What became of it?").waitFor();
  await hasCount(page.getByRole("button", { name: "Latest" }), 0);

  // Another answer is something new, too.
  await openHit(page, "narwhals");
  await page.waitForURL(/\?message=/);
  await toLatest(page);
  await page.getByRole("article", { name: "You" }).getByText("What became of it?").waitFor();
  await page.getByRole("button", { name: "Regenerate" }).last().click();
  await page.waitForURL((url) => url.search === "");
  await page.getByRole("img", { name: "Version 2 of 2" }).waitFor();
  await completeAnswer(page);
  await workspace.close(page);
});

test("while a word is not finished, the palette says so and keeps what was found", async () => {
  const page = await workspace.signedIn();
  await page.keyboard.press("Control+k");
  await search(page, "another");
  const hits = results(page).filter({ has: page.locator("mark") });
  const found = await hits.count();
  const note = page.getByText("Only whole words are found");
  await field(page).pressSequentially(" ques");
  await note.waitFor();
  await hasCount(hits, found);
  await field(page).pressSequentially("tion");
  await note.waitFor({ state: "detached" });
  await asked(page).locator("mark").getByText("question").first().waitFor();
  // With a space after it, it is all there is of the word.
  await field(page).fill("another ques ");
  await page.getByText("Nothing found.", { exact: true }).waitFor();
  await hasCount(results(page), 0);
  await workspace.close(page);
});

test("at phone width, by tapping", async () => {
  const page = await workspace.signedIn(phone);
  await page.getByRole("button", { name: "Show the chat list" }).tap();
  await page.getByRole("dialog", { name: "Chats" }).getByRole("button", { name: "Search" }).tap();
  await search(page, "narwhals");
  await asked(page).tap();
  await assertOpenedAtIt(page);
  await workspace.close(page);
});

test("somebody else finds nothing of it, and a failure can be tried again", async () => {
  const page = await workspace.signedIn({}, "stranger");
  await page.keyboard.press("Control+k");
  await field(page).fill("narwhals");
  await page.getByText("Nothing found.").waitFor();
  await hasCount(results(page), 0);

  await page.route("**/api/v1/search?*", (route) => route.abort("connectionrefused"));
  await field(page).fill("elsewhere");
  await page.getByRole("alert").getByText("The server did not answer").waitFor();
  await page.unroute("**/api/v1/search?*");
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  await page.getByText("Nothing found.").waitFor();
  await workspace.close(page, /ERR_CONNECTION_REFUSED/);
});
