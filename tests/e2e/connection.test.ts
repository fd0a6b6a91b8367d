/** Connections that are there in part only: no internet, no sockets, replies that never come. */
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { hasCount } from "./support/eventually.ts";
import { ask, chats, completeAnswer, quickly, Workspace } from "./support/workspace.ts";

const lostConnection = /ERR_CONNECTION_REFUSED|WebSocket|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

let workspace: Workspace;
before(async () => (workspace = await Workspace.start(quickly)));
after(() => workspace.remove());

/** What the browser says when it has lost the Wi-Fi, and the server is on the same machine. */
async function loseNetwork(page: Page): Promise<void> {
  await page.evaluate(() => {
    Object.defineProperty(navigator, "onLine", { configurable: true, get: () => false });
    dispatchEvent(new Event("offline"));
  });
}

test("without a network, a server that is there all the same is used as ever", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Asked at home");
  await completeAnswer(page);
  await page.goto("/");
  const link = chats(page).getByRole("link", { name: "Asked at home" });
  await link.waitFor();
  await loseNetwork(page);
  await link.click();
  await completeAnswer(page);
  await ask(page, "And asked again");
  await page.getByRole("article", { name: "You" }).getByText("And asked again").waitFor();
  await completeAnswer(page);
  await hasCount(page.getByText("You are offline"), 0);

  await workspace.program.end("SIGTERM");
  await page.getByText("You are offline. What you type is kept.").waitFor();
  await workspace.program.run();
  await page.getByText("You are offline").waitFor({ state: "detached" });
  await workspace.close(page, lostConnection);
});
