/** Choosing a model: among many, by the keyboard, and when it or the list is not there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import type { Upstream } from "../api/lib/upstream.ts";
import { phone } from "./support/browser.ts";
import { eventually, hasCount, hasValue, isFocused } from "./support/eventually.ts";
import { ask, completeAnswer, input, quickly, signIn, Workspace } from "./support/workspace.ts";

let upstream: Upstream;
let workspace: Workspace;
before(async () => {
  const sizes = ["small", "medium", "large"];
  const models = ["scripted", ...sizes.map((size) => `writer-${size}`)].concat(
    sizes.map((size) => `coder-${size}-with-a-name-that-is-longer-than-any-button-should-be`),
  );
  ({ workspace, upstream } = await Workspace.withUpstream(quickly, models));
});
after(() => workspace.remove());

const button = (page: Page) => page.getByRole("button", { name: /^Model:/ });
const field = (page: Page) => page.getByRole("combobox", { name: "Search models" });
const option = (page: Page, name: RegExp) => page.getByRole("option", { name });

test("a model is found among many by typing, and is first in the list from then on", async () => {
  const page = await workspace.signedIn();
  await button(page).click();
  await isFocused(field(page));
  await page.getByRole("group", { name: "Built in" }).waitFor();
  await field(page).fill("medium wri");
  await hasCount(page.getByRole("option"), 1);
  const found = await option(page, /^writer-medium/).getAttribute("id");
  assert.equal(await field(page).getAttribute("aria-activedescendant"), found);
  await field(page).press("Enter");
  await page.getByRole("listbox").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Model: writer-medium" }).waitFor();
  await isFocused(input(page));

  await button(page).press("Enter");
  const last = page.getByRole("group", { name: "Used last" });
  await last.getByRole("option", { name: /^writer-medium/, selected: true }).waitFor();
  await field(page).fill("no such model");
  await page.getByText("No model is called that.").waitFor();
  await hasCount(page.getByRole("listbox").getByRole("option"), 0);
  await page.keyboard.press("Escape");
  await page.getByRole("listbox").waitFor({ state: "detached" });
  await isFocused(button(page));
  await button(page).click();
  await option(page, /^writer-medium/)
    .first()
    .click();
  await isFocused(input(page));
  await page.keyboard.type("And on");
  await hasCount(page.getByRole("listbox"), 0);
  await hasValue(input(page), "And on");
  await workspace.close(page);
});

test("the arrows walk the list, round its ends", async () => {
  const page = await workspace.signedIn();
  await button(page).click();
  await option(page, /^Web\+ Guide/).waitFor();
  const ids = await page
    .getByRole("option")
    .evaluateAll((options) => options.map((element) => element.id));
  const isActive = (id: string | undefined) =>
    eventually(async () =>
      assert.equal(await field(page).getAttribute("aria-activedescendant"), id),
    );
  await isActive(ids[0]);
  await field(page).press("ArrowUp");
  await isActive(ids.at(-1));
  await field(page).press("ArrowDown");
  await field(page).press("ArrowDown");
  await isActive(ids[1]);
  await workspace.close(page);
});

test("the list fits a phone, and opens no keyboard over itself or after it", async () => {
  const page = await workspace.signedIn(phone);
  await button(page).tap();
  const box = page.getByRole("dialog", { name: "Choose a model" });
  await option(page, /^coder-large/).waitFor();
  await eventually(async () => {
    const { x = -1, y = -1, width = 0 } = (await box.boundingBox()) ?? {};
    assert.ok(x >= 0 && y >= 0 && x + width <= 390, `at ${x}, ${y}, ${width} wide`);
  });
  await isFocused(box); // and not the field in it
  await option(page, /^coder-large/).tap();
  await page.getByRole("button", { name: /^Model: coder-large/ }).waitFor();
  await box.waitFor({ state: "detached" });
  await isFocused(button(page));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(wide, 390);
  await workspace.close(page);
});

test("who chooses and sends at once is answered by what was chosen", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Who are you?");
  await page.waitForURL(/\/c\//);
  await completeAnswer(page);
  // The change of the chat itself comes after the message.
  const sent = page.waitForRequest((request) => /\/messages$/.test(request.url()));
  await page.route("**/api/v1/conversations/*", async (route) => {
    if (route.request().method() === "PATCH") await sent;
    await route.continue();
  });
  await button(page).click();
  await field(page).fill("writer-large");
  await field(page).press("Enter");
  await ask(page, "And now?");
  const chat = await upstream.nextChat();
  assert.equal(chat.model, "writer-large");
  chat.say("Another one.");
  chat.end();
  await page.getByRole("article").getByText("Another one.").waitFor();
  await workspace.close(page);
});

test("a model that is not there any more is said to be, and another one is chosen", async () => {
  const page = await workspace.signedIn();
  await page.evaluate(() => localStorage.setItem("webplus.model", "openai/gone"));
  await page.reload();
  await page.getByRole("button", { name: "Model: gone, not available" }).waitFor();
  await ask(page, "Are you there?");
  await page.getByText("The chosen model is not available any more.").waitFor();
  await button(page).click();
  await page.getByText("gone is not available any more. Choose another model.").waitFor();
  await option(page, /^scripted/).click();
  await input(page).press("Enter");
  const chat = await upstream.nextChat();
  assert.equal(chat.messages.at(-1)?.content, "Are you there?");
  chat.end();
  await workspace.close(page, /422/);
});

test("a list on its way, and one that cannot be had, say so", async () => {
  const page = await workspace.signedIn();
  const answer = Promise.withResolvers<void>();
  await page.route("**/api/v1/models*", async (route) => {
    await answer.promise;
    await route.fulfill({ status: 500, body: "" });
  });
  // It is asked for once more when the page hears of it from now on, which is not to be in the middle of this.
  const heard = page
    .waitForEvent("websocket")
    .then((socket) =>
      socket.waitForEvent("framereceived", ({ payload }) =>
        /"subscribed".*"models"/.test(String(payload)),
      ),
    );
  await page.reload();
  await button(page).click();
  await page.getByText("Loading the models").waitFor();
  await heard;
  answer.resolve();
  await page.getByRole("alert").getByText("status 500").waitFor();
  await page.unroute("**/api/v1/models*");
  await page.getByRole("button", { name: "Try again" }).click();
  await option(page, /^Web\+ Guide/).waitFor();
  await workspace.close(page, /500/);
});

test("whoever has chosen none yet is answered by a model that is connected, else by the built-in one", async () => {
  const context = await workspace.window();
  const page = await context.newPage();
  await page.goto("/login");
  await signIn(page);
  const first = page.getByRole("button", { name: /^Model: coder-large/ });
  const guide = page.getByRole("button", { name: "Model: Web+ Guide" });
  await first.waitFor();
  await page.getByRole("button", { name: "Connect a model" }).click();
  await guide.waitFor(); // it is asked about Web+
  await input(page).fill("");
  await first.waitFor();
  await ask(page, "Who answers?");
  const chat = await upstream.nextChat();
  assert.match(chat.model, /^coder-large/);
  chat.end();
  await page.route("**/api/v1/models*", async (route) => {
    const reply = await route.fetch();
    const page = (await reply.json()) as { items: { provider: string; status: string }[] };
    const items = page.items.map((model) =>
      model.provider === "webplus" ? model : { ...model, status: "unavailable" },
    );
    await route.fulfill({ response: reply, json: { ...page, items } });
  });
  await page.goto("/");
  await guide.waitFor();
  await hasCount(first, 0);
  await workspace.close(page);
});
