/** What administrators do to others, and how the others see it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hasCount, hasValue } from "./support/eventually.ts";
import { People, windowOf } from "./support/people.ts";
import {
  ask,
  chats,
  completeAnswer,
  input,
  newChat,
  quickly,
  Workspace,
} from "./support/workspace.ts";

let workspace: Workspace;
let people: People;
before(async () => {
  workspace = await Workspace.start(quickly);
  people = await People.of(workspace);
});
after(() => workspace.remove());

test("who becomes a viewer sees it at once, and keeps reading", async () => {
  await people.add("vera");
  const vera = await windowOf(workspace, "vera");
  await ask(vera, "What is a data folder?");
  await completeAnswer(vera);
  await input(vera).fill("not sent yet");

  const page = await workspace.signedIn();
  await page.goto("/admin/users");
  await page.getByRole("searchbox").fill("ver");
  await hasCount(page.getByLabel("Role of robin"), 0);
  await page.getByLabel("Role of vera").selectOption("viewer");
  const undo = page.getByRole("button", { name: "Undo" });
  // It stays while it is pointed at.
  await undo.hover();
  await vera.getByText("Your role is now viewer.").waitFor();
  await vera.getByText("Your role lets you read chats").waitFor();
  await hasCount(input(vera), 0);
  await hasCount(vera.getByRole("button", { name: "Regenerate" }), 0);
  await hasCount(newChat(vera), 0);
  await chats(vera).getByRole("link", { name: "What is a data folder?" }).waitFor();

  await undo.click();
  await input(vera).waitFor();
  await hasValue(input(vera), "not sent yet");
  await workspace.close(vera);
  await workspace.close(page);
});

test("who is disabled is signed out at once, and cannot come back", async () => {
  await people.add("dan");
  const dan = await windowOf(workspace, "dan");
  const page = await workspace.signedIn();
  await page.goto("/admin/users");
  await page.getByRole("button", { name: "Actions for dan" }).click();
  await page.getByRole("menuitem", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Disable" }).click();
  await dan.getByText("You were signed out").waitFor();
  await page.getByRole("row", { name: /dan/ }).getByText("Disabled").waitFor();

  await page.goto("/admin/audit");
  await page.getByText("robin disabled dan").waitFor();
  await workspace.close(dan, /401/);
  await workspace.close(page);
});

test("an account is deleted only after its name was typed", async () => {
  await people.add("gone");
  const page = await workspace.signedIn();
  await page.goto("/admin/users");
  await page.getByRole("button", { name: "Actions for gone" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  const button = page.getByRole("button", { name: "Delete for good" });
  await button.and(page.locator(":disabled")).waitFor();
  await page.getByLabel("Type the user name, gone").fill("gone");
  await button.click();
  await page.getByText("gone was deleted").waitFor();
  await page.getByRole("button", { name: "Actions for gone" }).waitFor({ state: "detached" });
  await workspace.close(page);
});

test("the last administrator cannot be made less", async () => {
  const page = await workspace.signedIn();
  await page.goto("/admin/users");
  await page.getByLabel("Role of robin").selectOption("viewer");
  await page.getByRole("button", { name: "Change my role" }).click();
  await page.getByText("This is the only administrator.").waitFor();
  await hasValue(page.getByLabel("Role of robin"), "administrator");
  await workspace.close(page, /409/);
});

test("a role is made of permissions, changes for those who have it, and can be deleted", async () => {
  const page = await workspace.signedIn();
  await page.goto("/admin/roles");
  await page.getByRole("button", { name: "New role" }).click();
  await page.getByLabel("Name", { exact: true }).fill("auditor");
  // A click beside the form does not lose it.
  await page.mouse.click(5, 5);
  await page.getByRole("checkbox", { name: "Read the audit log" }).check();
  await page.getByRole("button", { name: "Make the role" }).click();
  await page.getByRole("button", { name: "Edit auditor" }).waitFor();

  const id = await people.add("otto", "auditor");
  const otto = await windowOf(workspace, "otto");
  await otto.getByRole("button", { name: "Account: otto" }).click();
  await otto.getByRole("menuitem", { name: "Administration" }).click();
  await otto.getByRole("heading", { name: "Audit log" }).waitFor();
  await hasCount(otto.getByRole("link", { name: "Users" }), 0);

  await page.getByRole("button", { name: "Edit auditor" }).click();
  await page.getByRole("checkbox", { name: "Read the audit log" }).uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await otto.getByText("An administrator has changed what your role may do").waitFor();
  await otto.getByRole("heading", { name: "You have no access to this page" }).waitFor();

  await people.call("PATCH", `/users/${id}`, { role: "user" });
  await page.getByRole("button", { name: "Delete auditor" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("Role deleted").waitFor();
  await page.getByRole("button", { name: "Edit auditor" }).waitFor({ state: "detached" });
  await workspace.close(otto, /403/);
  await workspace.close(page);
});

test("pages that are not open to somebody say so, and are not offered", async () => {
  await people.add("ulla");
  const page = await windowOf(workspace, "ulla");
  await page.getByRole("button", { name: "Account: ulla" }).click();
  await page.getByRole("menuitem", { name: "Settings" }).waitFor();
  await hasCount(page.getByRole("menuitem", { name: "Administration" }), 0);
  for (const address of ["/admin", "/admin/users", "/admin/audit", "/admin/settings"]) {
    await page.goto(address);
    await page.getByRole("heading", { name: "You have no access to this page" }).waitFor();
  }
  await workspace.close(page);
});

test("the audit log tells who did what, by action, person and time, and can be taken along", async () => {
  await people.add("nora");
  const page = await workspace.signedIn();
  const lookedUp: string[] = [];
  page.on("response", (reply) => {
    if (reply.ok() && /users\/[0-9a-f-]{36}$/.test(reply.url())) lookedUp.push(reply.url());
  });
  await page.goto("/admin/audit");
  await page.getByText("nora registered").waitFor();
  assert.deepEqual(lookedUp, [], "the names come in one list");
  await page.getByLabel("Action").selectOption("settings.change");
  await page.getByText("robin set registration to open").first().waitFor();
  await hasCount(page.getByText("nora registered"), 0);
  await page.getByLabel("Action").selectOption("");
  await page.getByLabel("Time").selectOption("hour");
  const byWhom = page.getByRole("combobox", { name: "By whom" });
  await byWhom.fill("nobody-at-all");
  await byWhom.press("Enter");
  await page.getByText("Nobody of that name").waitFor();
  await byWhom.fill("");
  await hasCount(page.getByText("Nobody of that name"), 0);
  await byWhom.pressSequentially("nor");
  await page.getByRole("option", { name: "nora" }).click();
  await page.getByText("robin set registration").first().waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("button", { name: "By nora: show everybody again" }).waitFor();
  await hasValue(page.getByLabel("Time"), "hour");
  await page.getByText("nora registered").click();
  await page.getByText("account.register").waitFor();

  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export all rows" }).click();
  assert.equal((await coming).suggestedFilename(), "audit.jsonl");
  // Those who were deleted have no name any more.
  await workspace.close(page, /404.*users/);
});

test("an administrator opens registration, and the sign-in page knows", async () => {
  const page = await workspace.signedIn();
  await page.goto("/admin/settings");
  await page.getByRole("radio", { name: "Open" }).check();
  await page.getByText("Setting saved").waitFor();
  const visitor = await (await workspace.window()).newPage();
  await visitor.goto("/login");
  await visitor.getByRole("link", { name: "Create one" }).waitFor();
  await workspace.close(visitor);
  await workspace.close(page);
});
