/* Who asks too much: the page says how long to wait, and loses nothing that was written. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { phone } from "./support/browser.ts";
import { eventually, hasCount, hasValue } from "./support/eventually.ts";
import { ask, completeAnswer, input, quickly, Workspace } from "./support/workspace.ts";

/** What the browser itself logs of a refusal. */
const refused = /status of (401|429)/;

let workspace: Workspace;
before(async () => {
  workspace = await Workspace.start({ ...quickly, WEBPLUS_RATE_EXPENSIVE: "1" });
});
after(() => workspace.remove());

test("a message that comes too soon is back in its field, with the wait", async () => {
  const page = await workspace.signedIn();
  await ask(page, "How do I sign in?");
  await completeAnswer(page);
  await ask(page, "And how do I sign out?");
  const notice = page.getByRole("alert").filter({ hasText: "Your message was not sent" });
  await notice
    .getByText(/Try again in \d+ seconds?\./)
    .first()
    .waitFor();
  await hasValue(input(page), "And how do I sign out?");
  // Not as sent: in the field only.
  await hasCount(page.getByText("And how do I sign out?"), 1);
  await workspace.close(page, refused);
});

test("a sign-in after many guesses says when to try again, and then that one may", async () => {
  const page = await (await workspace.window(phone)).newPage();
  await page.clock.install();
  await page.goto("/login");
  await page.getByLabel("User name").fill("robin");
  const password = page.getByLabel("Password", { exact: true });
  const wait = page.getByRole("alert").locator("[aria-hidden=true]", { hasText: "Try again in" });
  for (let guess = 0, status = 0; status !== 429; guess++) {
    assert.ok(guess < 10, "guesses are not limited");
    await password.fill(`guess ${guess}`);
    const answered = page.waitForResponse("**/api/v1/auth/login");
    await page.getByRole("button", { name: "Sign in" }).click();
    status = (await answered).status();
    await page.getByRole("alert").waitFor();
  }
  await wait.waitFor();
  await hasValue(page.getByLabel("User name"), "robin");
  await page.clock.fastForward("15:00");
  await page.getByText("You can try again now.").waitFor();
  await workspace.close(page, refused);
});

test("who is signed in hears what happens, though strangers of the address ask for too much", async () => {
  const crowded = await Workspace.start({
    ...quickly,
    WEBPLUS_RATE_READ: "120",
    WEBPLUS_RATE_ADDRESS_FACTOR: "1",
  });
  const ofStrangers = `${crowded.program.url}/api/v1/setup`;
  const isRefused = async () => (await fetch(ofStrangers)).status === 429;
  let asking = true;
  const strangers = (async () => {
    while (asking) await Promise.all(Array.from({ length: 10 }, isRefused));
  })();
  try {
    const page = await crowded.signedIn();
    await eventually(async () => assert.ok(await isRefused(), "strangers are not limited"));
    const connected = page.waitForEvent("websocket");
    await page.reload();
    const socket = await connected;
    await socket.waitForEvent("framereceived", ({ payload }) =>
      payload.toString().includes('"type":"subscribed"'),
    );
    assert.ok(await isRefused(), "strangers were not refused meanwhile");
    await crowded.close(page);
  } finally {
    asking = false;
    await strangers;
    await crowded.remove();
  }
});
