/** Connections that are there in part only: no internet, no sockets, replies that never come. */
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import type { Upstream } from "../api/lib/upstream.ts";
import { blockSockets, frames } from "./support/browser.ts";
import { hasCount, hasValue } from "./support/eventually.ts";
import {
  ask,
  askScripted,
  chats,
  completeAnswer,
  input,
  newChat,
  quickly,
  reconnected,
  stopButton,
  welcome,
  Workspace,
} from "./support/workspace.ts";

const lostConnection = /ERR_CONNECTION_REFUSED|WebSocket|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

let upstream: Upstream;
let workspace: Workspace;
before(async () => {
  ({ workspace, upstream } = await Workspace.withUpstream(quickly));
});
after(() => workspace.remove());

/** What the browser says when it has lost the Wi-Fi, and the server is on the same machine. */
async function loseNetwork(page: Page): Promise<void> {
  await page.evaluate(() => {
    Object.defineProperty(navigator, "onLine", { configurable: true, get: () => false });
    dispatchEvent(new Event("offline"));
  });
}

async function findNetwork(page: Page): Promise<void> {
  await page.evaluate(() => {
    Object.defineProperty(navigator, "onLine", { configurable: true, get: () => true });
    dispatchEvent(new Event("online"));
  });
}

test("without a network, a server that is there all the same is used as ever", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Asked at home");
  await completeAnswer(page);
  await page.clock.install();
  await page.goto("/");
  const link = chats(page).getByRole("link", { name: "Asked at home" });
  await link.waitFor();
  await loseNetwork(page);
  await link.click();
  await completeAnswer(page);
  await ask(page, "And asked again");
  await page.getByRole("article", { name: "You" }).getByText("And asked again").waitFor();
  await completeAnswer(page);
  // It would be said after a while only.
  await page.clock.fastForward(5_000);
  await frames(page, 3);
  await hasCount(page.getByText("You are offline"), 0);

  await workspace.program.end("SIGTERM");
  const offline = page.getByText("You are offline. What you type is kept.");
  await offline.waitFor();
  await workspace.program.run();
  await reconnected(page, offline);
  await workspace.close(page, lostConnection);
});

test("that a message could not be sent is taken away when the server can be reached again", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Something to begin with");
  await completeAnswer(page);
  const failure = page.getByRole("alert").filter({ hasText: "Your message was not sent" });

  await page.route("**/messages", (route) => route.abort("internetdisconnected"));
  await loseNetwork(page);
  await ask(page, "Sent without a network");
  await failure.getByText("You are offline. Check your connection.").waitFor();
  await findNetwork(page);
  await failure.waitFor({ state: "detached" });
  await hasValue(input(page), "Sent without a network");
  await page.unroute("**/messages");

  await workspace.program.end("SIGTERM");
  await ask(page, "Sent without a server");
  await failure.getByText("The server did not answer.").waitFor();
  await workspace.program.run();
  await reconnected(page, failure);
  await hasValue(input(page), "Sent without a server");
  await input(page).press("Enter");
  await page.getByRole("article", { name: "You" }).getByText("Sent without a server").waitFor();
  await completeAnswer(page);

  await page.route("**/messages", (route) => route.fulfill({ status: 503 }));
  await ask(page, "Refused, which the network has no part in");
  await failure.waitFor();
  await findNetwork(page);
  await hasCount(failure, 1);
  await workspace.close(page, /ERR_|WebSocket|503/);
});

test("an answer can be stopped while another request hangs, here or in another chat", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Where a request hangs");
  await completeAnswer(page);
  const held = page.waitForRequest("**/regenerate");
  await page.route("**/regenerate", () => undefined);
  await page.getByRole("button", { name: "Regenerate" }).click();
  await held;

  await newChat(page).click();
  await welcome(page).waitFor(); // a chat has the same field, and the same choice of models
  const answer = await askScripted(page, "Where an answer streams");
  const chat = await upstream.nextChat();
  chat.say("On and on");
  await answer.getByText("On and on").waitFor();
  await stopButton(page).click();
  await page.getByText("You stopped this answer here.").waitFor();
  await workspace.close(page);
});

test("where sockets do not get through, the page asks for news, and does not say that it is away", async () => {
  const page = await workspace.signedIn();
  await page.addInitScript(blockSockets);
  await page.clock.install();
  await ask(page, "Open on both");
  await completeAnswer(page);
  const address = new URL(page.url()).pathname;
  await page.reload();
  await completeAnswer(page);
  await chats(page).getByRole("link", { name: "Open on both" }).waitFor();
  await page.clock.fastForward(5_000);
  await frames(page, 3);
  await hasCount(page.getByText("Reconnecting to the server"), 0);

  const other = await workspace.signedIn();
  await ask(other, "Begun on the other");
  await completeAnswer(other);
  await other.goto(address);
  await completeAnswer(other);
  await ask(other, "Said on the other");
  await other.getByRole("article", { name: "You" }).getByText("Said on the other").waitFor();
  await completeAnswer(other);
  await page.bringToFront();
  await page.clock.fastForward(25_000);
  await chats(page).getByRole("link", { name: "Begun on the other" }).waitFor();
  await page.getByRole("article", { name: "You" }).getByText("Said on the other").waitFor();
  await hasCount(page.getByText("Reconnecting to the server"), 0);

  await workspace.program.end("SIGTERM");
  await page.clock.fastForward(25_000);
  await page.getByText("Reconnecting to the server").waitFor();
  await workspace.program.run();
  await page.clock.fastForward(25_000);
  await page.getByText("Reconnecting to the server").waitFor({ state: "detached" });
  await workspace.close(other, lostConnection);
  await workspace.close(page, lostConnection);
});
