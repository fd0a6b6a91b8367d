/** Texts on their way to a server that is slow, refuses, or takes them without being heard to. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page, Route } from "playwright-core";
import { hasCount, hasValue, inFront } from "./support/eventually.ts";
import { People } from "./support/people.ts";
import { ask, chats, completeAnswer, input, quickly, Workspace } from "./support/workspace.ts";

let workspace: Workspace;
let people: People;
before(async () => {
  workspace = await Workspace.start(quickly);
  people = await People.of(workspace);
});
after(() => workspace.remove());

const posts = "**/api/v1/conversations/*/messages";

async function onPost(page: Page, answer: (route: Route) => Promise<unknown>): Promise<void> {
  await page.route(posts, (route) =>
    route.request().method() === "POST" ? answer(route) : route.continue(),
  );
}

async function conversations(): Promise<number> {
  const page = (await people.call("GET", "/conversations?limit=100")) as { items: unknown[] };
  return page.items.length;
}

const notSent = (page: Page) => page.getByRole("alert").getByText("Your message was not sent");
const sent = (page: Page, text: string) =>
  page.getByRole("article", { name: "You" }).getByText(text, { exact: true });

test("a new chat whose first message is refused is the same chat at the next attempt", async () => {
  const page = await workspace.signedIn();
  const before = await conversations();
  await onPost(page, (route) => route.fulfill({ status: 503 }));
  await ask(page, "Refused at first");
  await notSent(page).waitFor();
  await ask(page, "Refused in other words");
  await notSent(page).waitFor();
  await page.unroute(posts);
  await input(page).press("Enter");
  await completeAnswer(page);
  await sent(page, "Refused in other words").waitFor();
  assert.equal(await conversations(), before + 1);
  await workspace.close(page, /503/);
});

test("a page that is left before the reply sends again what it sent, and no other tab takes it", async () => {
  const page = await workspace.signedIn();
  const before = await conversations();
  let taken: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => (taken = resolve));
  await onPost(page, async (route) => {
    await route.fetch();
    taken();
    // No reply: the page waits for it until it is left.
  });
  await ask(page, "Heard, but not confirmed");
  await arrived;
  const other = await page.context().newPage();
  await other.goto("/");
  await input(other).waitFor();
  await hasValue(input(other), "");
  await other.close();

  await inFront(page);
  await page.reload();
  await hasValue(input(page), "Heard, but not confirmed");
  await page.unroute(posts);
  await page.reload();
  await hasValue(input(page), "Heard, but not confirmed");
  await input(page).press("Enter");
  await page.waitForURL(/\/c\//);
  await completeAnswer(page);
  await hasCount(sent(page, "Heard, but not confirmed"), 1);
  assert.equal(await conversations(), before + 1);
  await hasValue(input(page), "");
  await workspace.close(page);
});

test("the same words are sent once more after the draft of the first attempt was emptied", async () => {
  const page = await workspace.signedIn();
  await ask(page, "A beginning");
  await completeAnswer(page);
  await onPost(page, async (route) => {
    await route.fetch();
    await route.abort("connectionreset");
  });
  await ask(page, "Yes");
  await notSent(page).waitFor();
  await sent(page, "Yes").waitFor();
  await completeAnswer(page);
  await page.unroute(posts);
  await input(page).fill("");
  await ask(page, "Yes");
  await hasValue(input(page), "");
  await completeAnswer(page);
  await page.locator("article[aria-busy=true]").waitFor({ state: "detached" });
  await hasCount(sent(page, "Yes"), 2);
  await workspace.close(page, /ERR_CONNECTION_RESET/);
});

test("an edit is sent with the same key until it has arrived", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Not well put");
  await completeAnswer(page);
  const keys: (string | undefined)[] = [];
  await onPost(page, (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    return keys.length === 1 ? route.abort("connectionreset") : route.continue();
  });
  await page.getByRole("article", { name: "You" }).hover();
  await page.getByRole("button", { name: "Edit message" }).click();
  const field = page.getByRole("textbox", { name: "Edit the message" });
  await field.fill("Put better");
  await field.press("Control+Enter");
  await page.getByText("The server did not answer.").waitFor();
  await field.press("Control+Enter");
  await sent(page, "Put better").waitFor();
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  await workspace.close(page, /ERR_CONNECTION_RESET/);
});

test("who goes elsewhere while a new chat begins stays there", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Where one goes");
  await completeAnswer(page);
  const elsewhere = page.url();
  await page.goto("/");
  let letIn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letIn = resolve));
  await onPost(page, async (route) => {
    await held;
    await route.continue();
  });
  await ask(page, "Slowly begun");
  await chats(page).getByRole("link", { name: "Where one goes" }).click();
  await page.waitForURL(elsewhere);
  letIn();
  const begun = chats(page).getByRole("link", { name: "Slowly begun" });
  await begun.waitFor();
  // The text is gone from the new chat once it is known to have arrived.
  await page.getByRole("link", { name: "New chat", exact: true }).first().waitFor();
  await page.waitForFunction(() => localStorage.getItem("webplus.sending.new") === null);
  assert.equal(page.url(), elsewhere);
  await begun.click();
  await sent(page, "Slowly begun").waitFor();
  await completeAnswer(page);
  await workspace.close(page);
});
