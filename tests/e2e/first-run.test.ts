import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, hasCount } from "./support/eventually.ts";
import {
  answers,
  ask,
  completeAnswer,
  input,
  password,
  quickly,
  Workspace,
} from "./support/workspace.ts";

let workspace: Workspace;
before(async () => (workspace = await Workspace.start(quickly, false)));
after(() => workspace.remove());

test("a newcomer sets the server up, asks, and finds the answer again", async () => {
  const page = await (await workspace.window()).newPage();

  await page.goto("/");
  await page.getByRole("heading", { name: "Almost there" }).waitFor();
  await page.goto("/setup");
  await page.getByRole("heading", { name: "Almost there" }).waitFor();

  await page.goto(workspace.program.setupLink);
  await page.getByLabel("User name").fill("robin");
  await page.getByLabel("E-mail").fill("robin@example.org");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Create the workspace" }).click();
  await page.getByText("At least 12 characters.", { exact: true }).waitFor();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Create the workspace" }).click();

  await page.getByRole("heading", { name: /Robin\./ }).waitFor();
  await ask(page, "How do I install Web+?");
  const answer = await completeAnswer(page);
  assert.ok(answer.length > 80, answer);
  assert.match(page.url(), /\/c\/[0-9a-f-]{36}$/);
  await page.getByRole("link", { name: "How do I install Web+?" }).waitFor();

  await page.reload();
  assert.equal(await completeAnswer(page), answer);
  await hasCount(answers(page), 1);
  await workspace.close(page);
});

test("a set-up link works once, and says so before anything is filled in", async () => {
  const page = await (await workspace.window()).newPage();
  await page.goto(workspace.program.setupLink);
  await page.getByRole("heading", { name: "Set up already" }).waitFor();
  await hasCount(page.getByRole("textbox"), 0);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await workspace.close(page);
});

test("a wrong password is refused, and an address that needs signing in comes back after it", async () => {
  const page = await (await workspace.window()).newPage();
  await page.goto("/c/01990000-0000-7000-8000-000000000000");
  await page.getByLabel("User name").fill("robin");
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("Wrong user name or password.").waitFor();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "This chat is not here" }).waitFor();
  await workspace.close(page, /401|404/);
});

test("the guides are there for everybody, and link each other", async () => {
  const page = await (await workspace.window()).newPage();
  await page.goto("/help/user-guide");
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("navigation", { name: "Guides" }).getByRole("link").nth(1).click();
  await page.waitForURL(/\/help\/(?!user-guide)/);
  await workspace.close(page);
});

test("a guide shows nothing of how it is made, and its tables show all their columns", async () => {
  const page = await (await workspace.window({ viewport: { width: 1440, height: 900 } })).newPage();
  await page.goto("/help/configuration-guide");
  const table = page.getByRole("group", { name: "Table" }).last();
  const flag = table.getByText("--database-url", { exact: true });
  await flag.waitFor();
  await hasCount(page.getByText("<!--"), 0);
  // As wide as they are in the faces that the page is written in.
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  assert.equal(await flag.evaluate((code) => code.getClientRects().length), 1, "it is in one line");
  const { scrollWidth, clientWidth } = await table.evaluate((box) => ({
    scrollWidth: box.scrollWidth,
    clientWidth: box.clientWidth,
  }));
  assert.ok(scrollWidth <= clientWidth, `${scrollWidth} in ${clientWidth}`);

  await page.setViewportSize({ width: 390, height: 844 });
  await eventually(async () => {
    assert.ok(await table.evaluate((box) => box.scrollWidth > box.clientWidth), "the box scrolls");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  });
  await workspace.close(page);
});

test("the help lists what is in a guide, and leads back to the chat that one came from", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Where do I come from?");
  await completeAnswer(page);
  const chat = page.url();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("help");
  await page.getByRole("option", { name: "Help" }).click();
  const contents = page.getByRole("navigation", { name: "Contents" });
  const section = contents.getByRole("link").nth(3);
  const heading = page.getByRole("heading", { level: 2, name: await section.innerText() });
  await section.click();
  await eventually(async () => {
    const top = (await heading.boundingBox())?.y ?? -1;
    assert.ok(top > 0 && top < 200, `its heading is at ${top}`);
  });

  const { hash } = new URL(page.url());
  await page.setViewportSize({ width: 390, height: 844 });
  await contents.getByText("In this guide").last().click();
  await contents.getByRole("link").first().click();
  await page.waitForURL((url) => url.hash !== "" && url.hash !== hash);
  await page.getByRole("link", { name: "Back to the chats" }).click();
  await page.waitForURL(chat);
  await workspace.close(page);
});

test("a page that does not exist says so", async () => {
  const page = await workspace.signedIn();
  await page.goto("/no/such/page");
  await page.getByRole("heading", { name: "Nothing here" }).waitFor();
  await page.getByRole("link", { name: "Start a new chat" }).click();
  await input(page).waitFor();
  await workspace.close(page);
});
