/* A server that is restarted in good order: the page says nothing of it, and nothing of an answer is missing. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Upstream } from "../api/lib/upstream.ts";
import { eventually, hasCount } from "./support/eventually.ts";
import { answers, askScripted, completeAnswer, Workspace } from "./support/workspace.ts";

/** What the browser itself logs of a connection that was refused for a moment. */
const refused = /ERR_CONNECTION_REFUSED|WebSocket|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

let upstream: Upstream;
let workspace: Workspace;
before(async () => {
  ({ workspace, upstream } = await Workspace.withUpstream({}));
});
after(() => workspace.remove());

/** From its being told to stop until it runs again; `meanwhile` once it lets nobody in any more. */
async function restart(meanwhile: () => void = () => undefined): Promise<void> {
  const ended = workspace.program.end("SIGTERM");
  await eventually(() => assert.rejects(fetch(`${workspace.program.url}/api/v1/health`)));
  meanwhile();
  await ended;
  await workspace.program.run();
}

test("in the middle of an answer, which is there to its last letter", async () => {
  const page = await workspace.signedIn();
  const answer = await askScripted(page, "Take your time");
  const chat = await upstream.nextChat();
  chat.say("The first half, ");
  await answer.getByText("The first half,").waitFor();
  await restart(() => {
    chat.say("and the second.");
    chat.end();
  });
  assert.equal(await completeAnswer(page), "The first half, and the second.");
  await hasCount(page.getByText("The server was interrupted"), 0);
  await hasCount(page.getByRole("alert"), 0);

  const other = await workspace.signedIn();
  await other.goto(new URL(page.url()).pathname);
  assert.equal(await completeAnswer(other), "The first half, and the second.");
  await workspace.close(other, refused);
  await workspace.close(page, refused);
});

test("while nothing happens, and the page goes on as if nothing had", async () => {
  const page = await workspace.signedIn();
  await askScripted(page, "Before");
  const first = await upstream.nextChat();
  first.say("One.");
  first.end();
  await completeAnswer(page);
  const back = page.waitForEvent("websocket", { timeout: 20_000 });
  await restart();
  await back;
  await hasCount(page.getByText("Reconnecting to the server"), 0);
  await askScripted(page, "After");
  const second = await upstream.nextChat();
  second.say("Two.");
  second.end();
  await answers(page).getByText("Two.").waitFor();
  await completeAnswer(page);
  await hasCount(answers(page), 2);
  await hasCount(page.getByRole("alert"), 0);
  await workspace.close(page, refused);
});
