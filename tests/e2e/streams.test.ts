import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { type Chat, Upstream } from "../api/lib/upstream.ts";
import { blockSockets } from "./support/browser.ts";
import { hasCount, hasValue, inFront } from "./support/eventually.ts";
import {
  answers,
  ask,
  askScripted,
  completeAnswer,
  input,
  letters,
  partialAnswer,
  prose,
  reconnected,
  slowly,
  stopButton,
  Workspace,
} from "./support/workspace.ts";

const question = "What can I do with Web+, and where do I begin?";
const lostConnection =
  /ERR_CONNECTION_REFUSED|WebSocket|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|502|503/;

let upstream: Upstream;
let workspace: Workspace;
before(async () => {
  ({ workspace, upstream } = await Workspace.withUpstream(slowly));
});
after(() => workspace.remove());

const counted = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `word ${first + index}, `);

/** The model says as many words more, and the page shows them. */
async function says(page: Page, chat: Chat, first: number, last: number): Promise<void> {
  for (const word of counted(first, last)) chat.say(word);
  await answers(page).last().getByText(`word ${last}`).waitFor();
}

const stopped = (page: Page) => page.getByText("You stopped this answer here.");

test("stopping keeps what is there, and continuing goes on from it", async () => {
  const page = await workspace.signedIn();
  await askScripted(page, question);
  await says(page, await upstream.nextChat(), 1, 20);
  await input(page).press("Escape");
  await stopped(page).waitFor();
  assert.equal(letters(await completeAnswer(page)), letters(counted(1, 20).join("")));
  await page.reload();
  await stopped(page).waitFor();
  assert.equal(letters(await completeAnswer(page)), letters(counted(1, 20).join("")));

  await page.getByRole("button", { name: "Continue" }).click();
  await stopButton(page).waitFor();
  await says(page, await upstream.nextChat(), 21, 40);
  await stopButton(page).click();
  await stopped(page).waitFor();
  assert.equal(letters(await completeAnswer(page)), letters(counted(1, 40).join("")));
  await workspace.close(page);
});

test("an answer survives the server's sudden death", async () => {
  const page = await workspace.signedIn();
  await askScripted(page, question);
  await says(page, await upstream.nextChat(), 1, 20);
  await workspace.program.end("SIGKILL");
  const seen = letters(await prose(page).innerText());
  await page.getByText("Reconnecting to the server").waitFor();
  await workspace.program.run();

  // Without a reload: the page comes back by itself and learns what became of the answer.
  await page
    .getByText("The server was interrupted while it wrote this.")
    .waitFor({ timeout: 30_000 });
  await reconnected(page);
  const kept = letters(await completeAnswer(page));
  assert.ok(kept.startsWith(seen.slice(0, -2)), `shown: ${seen}\nkept: ${kept}`);

  await page.getByRole("button", { name: "Continue" }).click();
  await says(page, await upstream.nextChat(), 21, 40);
  assert.ok(letters(await prose(page).innerText()).startsWith(kept.slice(0, -2)));
  await stopButton(page).click();
  await stopped(page).waitFor();
  await workspace.close(page, lostConnection);
});

test("a reload in the middle loses and doubles nothing", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, question);
  const chat = await upstream.nextChat();
  for (const word of counted(1, 20)) chat.say(word);
  await answer.getByText("word 20").waitFor();
  await page.reload();
  for (const word of counted(21, 40)) chat.say(word);
  await answer.getByText("word 40").waitFor();
  for (const word of counted(41, 60)) chat.say(word);
  chat.end();
  assert.equal(letters(await completeAnswer(page)), letters(counted(1, 60).join("")));

  const other = await workspace.signedIn();
  await other.goto(new URL(page.url()).pathname);
  assert.equal(letters(await completeAnswer(other)), letters(counted(1, 60).join("")));
  await workspace.close(other);
  await workspace.close(page);
});

test("two tabs show the same answer as it is written, and the same list", async () => {
  const first = await workspace.signedIn();
  const second = await first.context().newPage();
  await second.goto("/");
  await inFront(first);
  await askScripted(first, "Which settings are there?");
  const chat = await upstream.nextChat();
  await says(first, chat, 1, 20);
  await inFront(second);
  await second.getByRole("link", { name: "Which settings are there?" }).first().click();
  await says(second, chat, 21, 40);
  await stopButton(second).click();
  await stopped(first).waitFor();
  await stopped(second).waitFor();
  assert.equal(letters(await completeAnswer(first)), letters(await completeAnswer(second)));

  // The second asks; the first sees the question and the answer come.
  await ask(second, "And where are they kept?");
  await first.getByRole("article", { name: "You" }).getByText("And where are they kept?").waitFor();
  await says(first, await upstream.nextChat(), 1, 20);
  await inFront(first);
  await stopButton(first).click();
  await stopButton(second).waitFor({ state: "detached" });
  await workspace.close(first);
});

test("regenerating puts another answer in the place of the first", async () => {
  const page = await workspace.signedIn();
  await ask(page, "What is a data folder?");
  await partialAnswer(page, 30);
  await input(page).press("Escape");
  await page.getByRole("button", { name: "Regenerate" }).click();
  await stopButton(page).waitFor();
  await hasCount(answers(page), 1);
  await partialAnswer(page, 30);
  await stopButton(page).click();
  await stopped(page).waitFor();
  await workspace.close(page);
});

test("where sockets do not get through, the answer streams over HTTP", async () => {
  const page = await workspace.signedIn();
  await page.addInitScript(blockSockets);
  await page.reload();
  const answer = await askScripted(page, "How do I make a backup?");
  const chat = await upstream.nextChat();
  for (const word of counted(1, 20)) chat.say(word);
  // It is there before the rest is said, so it did not come in one piece.
  await answer.getByText("word 20").waitFor();
  for (const word of counted(21, 40)) chat.say(word);
  chat.end();
  assert.equal(letters(await completeAnswer(page)), letters(counted(1, 40).join("")));
  await workspace.close(page);
});

test("a message that cannot be sent comes back with the reason, and is sent once", async () => {
  const page = await workspace.signedIn();
  await askScripted(page, "First words");
  await says(page, await upstream.nextChat(), 1, 3);
  await input(page).press("Escape");
  await stopped(page).waitFor();

  await page.route("**/messages", (route) =>
    route.request().method() === "POST" ? route.abort("connectionrefused") : route.continue(),
  );
  await ask(page, "These must not be lost");
  await page.getByRole("alert").getByText("Your message was not sent").waitFor();
  await hasValue(input(page), "These must not be lost");
  await page.reload();
  await hasValue(input(page), "These must not be lost");

  await page.unroute("**/messages");
  await input(page).press("Enter");
  await upstream.nextChat();
  await stopButton(page).click();
  await hasCount(stopped(page), 2);
  const sent = page.getByRole("article", { name: "You" }).getByText("These must not be lost");
  await hasCount(sent, 1);
  await workspace.close(page, /ERR_CONNECTION_REFUSED/);
});
