import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { axeSource, settled } from "./support/browser.ts";
import { ask, completeAnswer, input, quickly, Workspace } from "./support/workspace.ts";

let workspace: Workspace;
before(async () => (workspace = await Workspace.start(quickly)));
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

/** A menu lies beside the landmarks, as the ARIA pattern has it. */
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
      await page.getByRole("dialog").waitFor();
      await assertAccessible(page, "palette");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+/");
      await page.getByRole("dialog").waitFor();
      await assertAccessible(page, "shortcuts");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Model: Web+ Guide" }).click();
      await page.getByRole("menu").waitFor();
      await assertAccessible(page, "model picker", menuHasNoLandmark);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Account: robin" }).click();
      await page.getByRole("menu").waitFor();
      await assertAccessible(page, "account menu", menuHasNoLandmark);
      await workspace.close(page);
    });

    test("signing in, setting up, the guides, a page that is not there", async () => {
      const page = await (await workspace.window({ colorScheme: theme })).newPage();
      await page.addInitScript({ path: axeSource });
      await page.goto("/login");
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await assertAccessible(page, "sign-in");
      await page.goto("/setup?token=0");
      await page.getByRole("button", { name: "Create the workspace" }).click();
      await page.getByText("At least 12 characters.", { exact: true }).waitFor();
      await assertAccessible(page, "set-up");
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
