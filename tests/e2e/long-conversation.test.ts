import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page, WebSocketRoute } from "playwright-core";
import { frames, turnWheel } from "./support/browser.ts";
import { eventually } from "./support/eventually.ts";
import { chats, input, password, thread, Workspace } from "./support/workspace.ts";

const exchanges = 60;

let workspace: Workspace;
let conversationId: string;
let firstMessageId: string;

before(async () => {
  workspace = await Workspace.start({ WEBPLUS_GUIDE_WORDS_PER_SECOND: "100000" });
  conversationId = await fill(workspace.program.url);
});
after(() => workspace.remove());

/** Over the API, one question after the other has been answered. */
async function fill(url: string): Promise<string> {
  const login = await call(url, "POST", "/auth/login", { username: "robin", password });
  const token = String(login["access_token"]);
  const conversation = await call(url, "POST", "/conversations", {}, token);
  const id = String(conversation["id"]);
  for (let number = 1; number <= exchanges; number += 1) {
    const content = `Question ${number}: how do I install Web+?`;
    const pair = await call(url, "POST", `/conversations/${id}/messages`, { content }, token);
    if (number === 1) firstMessageId = (pair["user_message"] as { id: string }).id;
    const { id: messageId } = pair["assistant_message"] as { id: string };
    const events = await fetch(`${url}/api/v1/messages/${messageId}/events`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    // The server closes the stream when the answer is done.
    await events.text();
  }
  return id;
}

async function call(
  url: string,
  method: string,
  path: string,
  body: object,
  token?: string,
): Promise<Record<string, unknown>> {
  const reply = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      "Content-Type": "application/json",
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await reply.text();
  assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

function question(page: Page, number: number) {
  return page.getByRole("article", { name: "You" }).getByText(`Question ${number}:`);
}

/** Where a message stands in the window. */
async function offset(page: Page, number: number): Promise<number> {
  const box = await question(page, number).boundingBox();
  assert.ok(box, `question ${number} is not shown`);
  return box.y;
}

/** Rows move a little until all that are drawn have been measured. */
async function offsetAtRest(page: Page, number: number): Promise<number> {
  let last = await offset(page, number);
  return eventually(async () => {
    const before = last;
    await frames(page, 10);
    last = await offset(page, number);
    assert.equal(last, before, "it still moves");
    return last;
  });
}

/** The paths of what is asked for from now on, of messages and of forks. */
function requestsOf(page: Page): string[] {
  const requests: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (/\/(messages|forks)$/.test(pathname)) requests.push(pathname.split("/").at(-1) ?? "");
  });
  return requests;
}

test("it is fetched once when it is opened, and its newest page after a lost connection", async () => {
  const page = await workspace.signedIn();
  const sockets: WebSocketRoute[] = [];
  const told: string[] = [];
  await page.routeWebSocket(/\/api\/v1\/ws$/, (socket) => {
    sockets.push(socket);
    socket.connectToServer().onMessage((message) => {
      told.push(String(message));
      socket.send(message);
    });
  });
  const subscribed = (topic: string, times = 1) =>
    eventually(async () => {
      const heard = told.filter((text) => /"subscribed"/.test(text) && text.includes(topic));
      assert.ok(heard.length >= times);
    });
  /** Whatever has been set off has been sent, and answered: a later request was. */
  const answered = async () => {
    for (let round = 0; round < 5; round += 1)
      await page.evaluate(() => fetch("/api/v1/health").then((reply) => reply.text()));
  };
  await page.goto("/");
  await subscribed("conversations");
  const requests = requestsOf(page);
  await chats(page).getByRole("link", { name: "Question 1:" }).click();
  await question(page, exchanges).waitFor();
  await subscribed(`conversation:${conversationId}`);
  await answered();
  assert.deepEqual(requests.sort(), ["forks", "messages"]);

  await page.goto(`/c/${conversationId}?message=${firstMessageId}`);
  await page.locator("[data-found=true]").waitFor();
  await subscribed(`conversation:${conversationId}`, 2);
  await answered();
  requests.length = 0;
  await sockets.at(-1)?.close({ code: 1011 });
  await subscribed(`conversation:${conversationId}`, 3);
  await eventually(async () => assert.ok(requests.includes("messages")));
  await answered();
  assert.deepEqual(requests.sort(), ["forks", "messages"]);
  await question(page, 1).waitFor();
  await workspace.close(page);
});

test("it opens at its end, holds few elements, and fetches older messages without a jump", async () => {
  const page = await workspace.signedIn();
  await page.goto(`/c/${conversationId}`);
  await question(page, exchanges).waitFor();
  await input(page).waitFor();
  await eventually(async () => {
    const fromEnd = await thread(page).evaluate(
      (element) => element.scrollHeight - element.scrollTop - element.clientHeight,
    );
    assert.ok(fromEnd <= 2, `opened ${fromEnd} pixels from the end`);
  });
  assert.ok((await page.getByRole("article").count()) < 40, "only what is seen is rendered");

  // Hold the next page back, remember where a message stands, and let the page in.
  let letIn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letIn = resolve));
  const older = /\/messages\?.*cursor=/;
  await page.route(older, async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest(older);
  // Whoever has not turned the wheel is taken back to the end.
  await turnWheel(page, thread(page), -200);
  await thread(page).evaluate((element) => (element.scrollTop = 200));
  await asked;
  const shown = await page.getByRole("article", { name: "You" }).first().innerText();
  const number = Number(/Question (\d+)/.exec(shown)?.[1]);
  const before = await offsetAtRest(page, number);
  const height = await thread(page).evaluate((element) => element.scrollHeight);
  letIn();
  await page.waitForFunction(
    (least) => (document.querySelector("[aria-label=Messages]")?.scrollHeight ?? 0) > least + 500,
    height,
  );
  await eventually(async () => {
    const moved = Math.abs((await offset(page, number)) - before);
    assert.ok(moved <= 2, `the reader's place moved by ${moved} pixels`);
  });
  await workspace.close(page);
});

test("one can scroll to its very beginning", async () => {
  const page = await workspace.signedIn();
  await page.goto(`/c/${conversationId}`);
  await question(page, exchanges).waitFor();
  await thread(page).hover();
  await eventually(async () => {
    await page.mouse.wheel(0, -3_000);
    await frames(page, 1);
    assert.equal(await question(page, 1).count(), 1);
  });
  await workspace.close(page);
});

test("a message to open at is looked for until a failure, and further when one asks", async () => {
  const page = await workspace.signedIn();
  let asked = 0;
  await page.route(/\/messages\?.*cursor=/, (route) => {
    asked += 1;
    return route.fulfill({ status: 429, headers: { "retry-after": "1" } });
  });
  await page.goto(`/c/${conversationId}?message=${firstMessageId}`);
  const retry = page.getByRole("button", { name: "Older messages could not be fetched" });
  await retry.waitFor();
  // The page has all the time it needs to ask again.
  await frames(page, 30);
  await retry.waitFor();
  assert.equal(asked, 1);
  await page.unroute(/\/messages\?.*cursor=/);
  await retry.click();
  await page.locator("[data-found=true]").getByText("Question 1:").waitFor();
  await workspace.close(page, /429/);
});

test("a chat is opened where it was left, and at its end if it was read to there", async () => {
  const page = await workspace.signedIn();
  await page.goto(`/c/${conversationId}`);
  await question(page, exchanges).waitFor();
  await turnWheel(page, thread(page), -2_500);
  const latest = page.getByRole("button", { name: "Latest" });
  await latest.waitFor();
  const topRow = () =>
    thread(page).evaluate((scroller) => {
      const from = scroller.getBoundingClientRect().top;
      const row = [...scroller.querySelectorAll("[data-index]")]
        .map((element) => ({ rect: element.getBoundingClientRect(), text: element.textContent }))
        .sort((a, b) => a.rect.top - b.rect.top)
        .find(({ rect }) => rect.bottom > from);
      return { text: row?.text, top: Math.round((row?.rect.top ?? 0) - from) };
    });
  const atRest = () =>
    eventually(async () => {
      const before = await topRow();
      await frames(page, 10);
      const after = await topRow();
      assert.deepEqual(after, before);
      return after;
    });
  const left = await atRest();

  for (const away of ["Settings", "New chat"]) {
    if (away === "Settings") {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill("profile");
      await page.getByRole("option", { name: "Settings: Profile" }).waitFor();
      await page.keyboard.press("Enter");
      await page.waitForURL(/settings/);
    } else {
      await page.keyboard.press("Control+Shift+O");
      await page.waitForURL("/");
    }
    await thread(page).waitFor({ state: "detached" });
    await page.goBack();
    await latest.waitFor();
    const back = await atRest();
    assert.equal(back.text, left.text);
    assert.ok(Math.abs(back.top - left.top) <= 2, `${back.top}, it was ${left.top}`);
  }

  await latest.click();
  await latest.waitFor({ state: "detached" });
  await page.keyboard.press("Control+Shift+O");
  await page.waitForURL("/");
  await thread(page).waitFor({ state: "detached" });
  await page.goBack();
  await question(page, exchanges).waitFor();
  await latest.waitFor({ state: "detached" });
  await workspace.close(page);
});
