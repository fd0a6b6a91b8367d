/** What everybody does with their own account. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { frames } from "./support/browser.ts";
import { hasCount, hasValue, inFront } from "./support/eventually.ts";
import { People, windowOf } from "./support/people.ts";
import {
  ask,
  completeAnswer,
  input,
  password,
  quickly,
  welcome,
  Workspace,
} from "./support/workspace.ts";

let workspace: Workspace;
let people: People;
before(async () => {
  workspace = await Workspace.start(quickly);
  people = await People.of(workspace);
});
after(() => workspace.remove());

async function fillAccount(page: Page, username: string): Promise<void> {
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("E-mail").fill(`${username}@example.org`);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Create the account" }).click();
}

const signedInAs = (page: Page, username: string) =>
  page.getByRole("button", { name: `Account: ${username}` }).waitFor();

test("while registration is open, the sign-in page leads to an account", async () => {
  await people.registration("open");
  const page = await (await workspace.window()).newPage();
  await page.goto("/login");
  await page.getByRole("link", { name: "Create one" }).click();
  // Both pages have a field of that name.
  await page.getByRole("heading", { name: "Create your account" }).waitFor();
  await page.getByLabel("User name").fill("mia");
  await page.getByLabel("E-mail").fill("mia@example.org");
  await page.getByLabel("Password", { exact: true }).fill("password1234");
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByText(/tried first|row of neighbouring|repeats itself/).waitFor();
  await fillAccount(page, "mia");
  await input(page).waitFor();
  await signedInAs(page, "mia");
  await workspace.close(page, /422/);
});

test("closed or by invitation, registration says so", async () => {
  const page = await (await workspace.window()).newPage();
  await people.registration("closed");
  // Before the reply there is no link, whatever it says.
  const told = page.waitForResponse("**/api/v1/setup");
  await page.goto("/login");
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await (await told).finished();
  await frames(page, 2);
  await hasCount(page.getByRole("link", { name: "Create one" }), 0);
  await page.goto("/register");
  await page.getByRole("heading", { name: "Registration is closed" }).waitFor();
  await people.registration("invite");
  await page.reload();
  await page.getByRole("heading", { name: "By invitation only" }).waitFor();
  await page.goto("/register?invitation=made-up");
  await fillAccount(page, "stranger");
  await page.getByRole("alert").getByText("This invitation was used").waitFor();
  await workspace.close(page, /403/);
});

test("an administrator's invitation makes an account of its role", async () => {
  await people.registration("invite");
  const page = await workspace.signedIn();
  await page.goto("/admin/users");
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByLabel("Role", { exact: true }).selectOption("developer");
  await page.getByRole("button", { name: "Make the link" }).click();
  const link = await page.getByLabel("Invitation link").inputValue();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Withdraw the invitation: Anybody" }).waitFor();

  const guest = await (await workspace.window()).newPage();
  await guest.goto(link);
  await guest.getByRole("heading", { name: "You are invited" }).waitFor();
  await fillAccount(guest, "guest");
  await signedInAs(guest, "guest");
  await guest.getByRole("button", { name: "Account: guest" }).getByText("developer").waitFor();
  await workspace.close(guest);
  await workspace.close(page);
});

test("signing in and out in one tab is seen in the others", async () => {
  const page = await workspace.signedIn();
  const other = await page.context().newPage();
  await other.goto("/settings/profile");
  await other.getByRole("heading", { name: "Profile" }).waitFor();
  await inFront(page);
  await page.getByRole("button", { name: "Account: robin" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await other.getByText("You signed out in another tab.").waitFor();
  await page.getByLabel("User name").fill("robin");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await input(page).waitFor();
  await other.getByRole("heading", { name: "Profile" }).waitFor();
  // 401: what was still on its way when the session ended.
  await workspace.close(page, /401/);
});

test("a session that is ended elsewhere ends at once, and keeps the draft", async () => {
  const away = await workspace.signedIn();
  await input(away).fill("half a thought");
  const tab = await away.context().newPage();
  await tab.goto("/");
  await input(tab).waitFor();

  const page = await workspace.signedIn();
  await page.goto("/settings/sessions");
  await page.getByText("This device").waitFor();
  await page.getByRole("button", { name: "End all others" }).click();
  await page.getByRole("button", { name: "End them" }).click();
  for (const window of [away, tab])
    await window.getByText("You were signed out: the session was ended").waitFor();
  await page.getByRole("button", { name: /^End the session/ }).waitFor({ state: "detached" });

  await inFront(away);
  await away.getByLabel("User name").fill("robin");
  await away.getByLabel("Password", { exact: true }).fill(password);
  await away.getByRole("button", { name: "Sign in" }).click();
  await input(away).waitFor();
  await hasValue(input(away), "half a thought");
  await workspace.close(away, /401/);
  await workspace.close(page);
  // The administrator's own session was one of the others.
  people = await People.of(workspace);
});

test("a draft is for the one who typed it", async () => {
  await people.add("dora");
  await people.add("emil");
  const page = await windowOf(workspace, "dora");
  await input(page).fill("for my eyes only");
  const id = await page.evaluate(async () => {
    const reply = await fetch("/api/v1/auth/refresh", { method: "POST" });
    return ((await reply.json()) as { user: { id: string } }).user.id;
  });
  await people.call("POST", `/users/${id}/end-sessions`);
  await page.getByText("You were signed out").waitFor();
  await page.getByLabel("User name").fill("emil");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await input(page).waitFor();
  await hasValue(input(page), "");
  await workspace.close(page, /401/);
});

test("a tab that another one signed out keeps nothing for the next person", async () => {
  await people.add("fay");
  await people.add("gus");
  const page = await windowOf(workspace, "fay");
  const other = await page.context().newPage();
  await other.goto("/");
  await input(other).fill("for my eyes only");
  await inFront(page);
  await page.getByRole("button", { name: "Account: fay" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await other.getByText("You signed out in another tab.").waitFor();
  await page.getByLabel("User name").fill("gus");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await signedInAs(page, "gus");
  await signedInAs(other, "gus");
  await hasValue(input(other), "");
  const closed = other.waitForEvent("close");
  await other.close({ runBeforeUnload: true });
  await closed;
  await page.reload();
  await signedInAs(page, "gus");
  await hasValue(input(page), "");
  await workspace.close(page, /401/);
});

test("the next person begins at a new chat, not where the one before was", async () => {
  await people.add("hal");
  await people.add("ida");
  const page = await windowOf(workspace, "hal");
  await ask(page, "Where one was");
  await completeAnswer(page);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await completeAnswer(other);
  await inFront(page);
  await page.getByRole("button", { name: "Account: hal" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await other.getByText("You signed out in another tab.").waitFor();
  await page.waitForURL("/login");
  await page.getByLabel("User name").fill("ida");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  for (const tab of [page, other]) {
    await signedInAs(tab, "ida");
    await welcome(tab).waitFor();
    await tab.waitForURL("/");
  }
  await workspace.close(page, /401/);
});

test("an API key is shown once, works, and is refused once revoked", async () => {
  const page = await workspace.signedIn();
  await page.goto("/settings/api-keys");
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByText("Give it a name.").waitFor();
  await page.getByLabel("Name", { exact: true }).fill("Nightly report");
  await page.getByRole("checkbox", { name: "Write chats" }).uncheck();
  await page.getByRole("button", { name: "Create the key" }).click();
  const key = await page.getByLabel("API key", { exact: true }).inputValue();
  await page.getByRole("button", { name: "Copy" }).click();
  await page
    .getByRole("dialog")
    .getByRole("status")
    .getByText(/copied/i)
    .waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "I have stored it" }).click();
  await page.getByText(`${key.slice(0, 10)}…`).waitFor();
  await hasCount(page.getByText(key), 0);

  const use = (method: string) =>
    fetch(`${workspace.program.url}/api/v1/conversations`, {
      method,
      headers: { "X-API-Key": key, "Content-Type": "application/json" },
      ...(method === "POST" && { body: "{}" }),
    });
  assert.equal((await use("GET")).status, 200);
  assert.equal((await use("POST")).status, 403, "not in its scopes");
  await page.getByRole("button", { name: "Revoke Nightly report" }).click();
  await page.getByRole("button", { name: "Revoke the key" }).click();
  await page.getByText("No keys yet").waitFor();
  assert.equal((await use("GET")).status, 401);
  await workspace.close(page);
});

test("the profile and the password can be changed, the address only with the password", async () => {
  await people.add("ines");
  const page = await windowOf(workspace, "ines");
  await page.goto("/settings/profile");
  await page.getByLabel("Name", { exact: true }).fill("Ines Example");
  await page.getByLabel("E-mail").fill("new@example.org");
  await page.getByLabel("Your password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("It is not your password.").waitFor();
  await page.getByLabel("Your password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Profile saved").waitFor();
  await page.reload();
  await hasValue(page.getByLabel("Name", { exact: true }), "Ines Example");
  await hasValue(page.getByLabel("E-mail"), "new@example.org");

  await page.getByRole("link", { name: "Password", exact: true }).click();
  await page.getByLabel("Current password", { exact: true }).fill(password);
  await page.getByLabel("New password", { exact: true }).fill("another anvil teacup 9");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByText("Password changed").waitFor();
  await page.getByRole("button", { name: "Account: ines" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("User name").fill("ines");
  await page.getByLabel("Password", { exact: true }).fill("another anvil teacup 9");
  await page.getByRole("button", { name: "Sign in" }).click();
  await signedInAs(page, "ines");
  // 401: the socket came back with a new token while the sign-out was under way.
  await workspace.close(page, /422|401/);
});

test("one's data can be taken along, and the account deleted", async () => {
  await people.add("leaver");
  const page = await windowOf(workspace, "leaver");
  await ask(page, "What is a data folder?");
  await completeAnswer(page);
  await page.goto("/settings/data");
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export my data" }).click();
  const file = await readFile(await (await coming).path(), "utf8");
  assert.match(file, /What is a data folder\?/);
  assert.doesNotThrow(() => JSON.parse(file));

  await page.getByRole("button", { name: "Delete my account" }).click();
  const deletion = page.getByRole("button", { name: "Delete for good" });
  await page.getByLabel("Your password", { exact: true }).fill(password);
  await deletion.and(page.locator(":disabled")).waitFor();
  await page.getByLabel("Type your user name, leaver").fill("leaver");
  await deletion.click();
  await page.waitForURL(/\/login/);
  await page.getByText("Your account and all its data were deleted.").waitFor();
  await page.getByLabel("User name").fill("leaver");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("Wrong user name or password.").waitFor();
  await workspace.close(page, /401/);
});
