import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { axeSource, settled } from "./support/browser.ts";
import { People } from "./support/people.ts";
import { ask, completeAnswer, input, quickly, signIn, Workspace } from "./support/workspace.ts";

let workspace: Workspace;
before(async () => {
  workspace = await Workspace.start(quickly);
  const people = await People.of(workspace);
  const disabled = await people.add("dan");
  await people.call("PATCH", `/users/${disabled}`, { disabled: true });
  await people.add("vera", "viewer");
  await people.call("POST", "/invitations", { role: "developer" });
  await people.call("POST", "/api-keys", { name: "A program", scopes: ["chat:read"] });
});
after(() => workspace.remove());

async function assertAccessible(page: Page, name: string, off: string[] = []): Promise<void> {
  await settled(page);
  // Over the debugger, which the page's content policy does not concern.
  const results = await page.evaluate(async (rules): Promise<AxeResults> => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    return axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      rules: Object.fromEntries(rules.map((rule) => [rule, { enabled: false }])),
    });
  }, off);
  const found = results.violations.map(
    ({ id, help, nodes }) =>
      `${name}: ${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html}\n  ${failureSummary}`).join("\n")}`,
  );
  assert.deepEqual(found, []);
}

async function open(colorScheme: "light" | "dark"): Promise<Page> {
  const page = await workspace.signedIn({ colorScheme });
  await page.addInitScript({ path: axeSource });
  await page.reload();
  await input(page).waitFor();
  return page;
}

/** A menu, or a box beside its button, lies beside the landmarks, as the ARIA pattern has it. */
const menuHasNoLandmark = ["region"];

for (const theme of ["light", "dark"] as const) {
  describe(theme, () => {
    test("a new chat, a conversation, the palette, the shortcuts, the menus", async () => {
      const page = await open(theme);
      await page.locator(`html[data-theme=${theme}]`).waitFor();
      await assertAccessible(page, "new chat");
      await ask(page, "How do I install Web+?");
      await completeAnswer(page);
      await assertAccessible(page, "conversation");
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog", { name: "Search and commands" }).waitFor();
      await assertAccessible(page, "palette");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+/");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
      await assertAccessible(page, "shortcuts");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Model: Web+ Guide" }).click();
      await page.getByRole("listbox", { name: "Models" }).waitFor();
      await assertAccessible(page, "model picker", menuHasNoLandmark);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Account: robin" }).click();
      await page.getByRole("menu").waitFor();
      await assertAccessible(page, "account menu", menuHasNoLandmark);
      await workspace.close(page);
    });

    test("settings and administration, and their dialogs", async () => {
      const page = await open(theme);
      const visit = async (address: string, heading: string) => {
        await page.goto(address);
        await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
        // Not the grey shapes, what comes in their place.
        await page.getByRole("status", { name: /^Loading/ }).waitFor({ state: "detached" });
        await assertAccessible(page, address);
      };
      const dialog = async (button: string) => {
        await page.getByRole("button", { name: button, exact: true }).first().click();
        await page.getByRole("dialog").waitFor();
        await assertAccessible(page, button);
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
      };
      await visit("/settings/profile", "Profile");
      await visit("/settings/password", "Password");
      await visit("/settings/sessions", "Sessions");
      await dialog("End all others");
      await visit("/settings/api-keys", "API keys");
      await dialog("New key");
      await dialog("Revoke A program");
      await visit("/settings/deleted", "Deleted chats");
      await visit("/settings/data", "Your data");
      await dialog("Delete my account");
      await visit("/admin/users", "Users");
      await dialog("Invite");
      await visit("/admin/roles", "Roles");
      await dialog("New role");
      await visit("/admin/audit", "Audit log");
      await page.locator("summary").first().click();
      await assertAccessible(page, "audit row");
      await visit("/admin/settings", "Settings");
      await workspace.close(page);
    });

    test("registration, and what a viewer sees", async () => {
      const page = await (await workspace.window({ colorScheme: theme })).newPage();
      await page.addInitScript({ path: axeSource });
      await page.goto("/register");
      await page.getByRole("heading", { name: "Registration is closed" }).waitFor();
      await assertAccessible(page, "registration");
      await page.goto("/login");
      await signIn(page, "vera");
      await page.getByText("Your role lets you read chats").waitFor();
      await assertAccessible(page, "viewer");
      await page.goto("/admin/users");
      await page.getByRole("heading", { name: "You have no access to this page" }).waitFor();
      await assertAccessible(page, "forbidden");
      await workspace.close(page);
    });

    test("signing in, the guides, a page that is not there", async () => {
      const page = await (await workspace.window({ colorScheme: theme })).newPage();
      await page.addInitScript({ path: axeSource });
      await page.goto("/login");
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await assertAccessible(page, "sign-in");
      await page.goto("/setup?token=0");
      await page.getByRole("heading", { name: "Set up already" }).waitFor();
      await assertAccessible(page, "set up already");
      await page.goto("/help/user-guide");
      await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
      await assertAccessible(page, "help");
      await page.goto("/no/such/page");
      await page.getByRole("heading", { name: "Nothing here" }).waitFor();
      await assertAccessible(page, "not found");
      await workspace.close(page);
    });
  });
}

test("setting up", async () => {
  const fresh = await Workspace.start(quickly, false);
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await (await fresh.window({ colorScheme })).newPage();
    await page.addInitScript({ path: axeSource });
    await page.goto("/setup");
    await page.getByRole("heading", { name: "Almost there" }).waitFor();
    await assertAccessible(page, "set-up needed");
    await page.goto(fresh.program.setupLink);
    await page.getByRole("button", { name: "Create the workspace" }).click();
    await page.getByText("At least 12 characters.", { exact: true }).waitFor();
    await assertAccessible(page, "set-up");
    await fresh.close(page);
  }
  await fresh.remove();
});
