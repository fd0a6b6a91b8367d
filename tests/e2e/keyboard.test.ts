import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, hasCount, hasValue, isFocused } from "./support/eventually.ts";
import { ask, chats, completeAnswer, input, quickly, Workspace } from "./support/workspace.ts";

let workspace: Workspace;
before(async () => (workspace = await Workspace.start(quickly)));
after(() => workspace.remove());

test("the palette finds chats and commands", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Tell me about providers");
  await completeAnswer(page);
  await page.keyboard.press("Control+Shift+O");
  await page.waitForURL("/");

  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("about prov");
  await page.getByRole("option", { name: "Tell me about providers" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/c\//);

  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("theme dark");
  await page.keyboard.press("Enter");
  await page.locator("html[data-theme=dark]").waitFor();
  await page.reload();
  await page.locator("html[data-theme=dark]").waitFor();
  await workspace.close(page);
});

test("shortcuts are listed, and dialogs give the focus back", async () => {
  const page = await workspace.signedIn();
  await page.keyboard.press("Control+/");
  const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await dialog.getByText("Search and commands").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await isFocused(page.locator("#composer"));

  await page.getByRole("button", { name: "Account: robin" }).focus();
  await page.keyboard.press("Shift+Escape");
  await isFocused(page.locator("#composer"));
  await workspace.close(page);
});

test("the chat list can be hidden, and stays so", async () => {
  const page = await workspace.signedIn();
  await chats(page).waitFor();
  await page.keyboard.press("Control+Shift+S");
  await chats(page).waitFor({ state: "detached" });
  await page.reload();
  await input(page).waitFor();
  await hasCount(chats(page), 0);
  await page.getByRole("button", { name: "Show the chat list" }).click();
  await chats(page).waitFor();
  await workspace.close(page);
});

test("Shift+Enter breaks the line, Enter sends", async () => {
  const page = await workspace.signedIn();
  await input(page).pressSequentially("one");
  await input(page).press("Shift+Enter");
  await input(page).pressSequentially("two");
  await hasValue(input(page), "one\ntwo");
  const before = (await input(page).boundingBox())?.height ?? 0;
  await input(page).press("Shift+Enter");
  await input(page).press("Shift+Enter");
  await eventually(async () => {
    const grown = (await input(page).boundingBox())?.height ?? 0;
    assert.ok(grown > before, "the field grows with its text");
  });
  await input(page).press("Enter");
  await page.getByRole("article", { name: "You" }).getByText("one\ntwo").waitFor();
  await completeAnswer(page);
  await workspace.close(page);
});

test("everything on the page can be reached by Tab, the skip link first", async () => {
  const page = await workspace.signedIn();
  const first = page.locator("a[href], button, input, textarea").first();
  assert.equal(await first.innerText(), "Skip to the chat");
  await first.press("Enter");
  await isFocused(page.locator("#chat"));
  await first.focus();
  const reached = new Set<string>();
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    reached.add(
      await page.evaluate(() => {
        const element = document.activeElement;
        const label = element?.getAttribute("aria-label") ?? element?.textContent ?? "";
        return `${label} ${element?.id ?? ""}`;
      }),
    );
  }
  for (const name of ["Hide the chat list", "Account: robin", "composer", "Model: Web+ Guide"]) {
    const found = [...reached].some((element) => element.includes(name));
    assert.ok(found, `${name} was not reached: ${[...reached].join(", ")}`);
  }
  await workspace.close(page);
});

test("a finished answer is announced, once", async () => {
  const page = await workspace.signedIn();
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(globalThis, { said });
    const region = document.querySelector("[role=status].sr-only");
    if (region === null) throw new Error("There is no live region.");
    new MutationObserver(() => said.push(region.textContent ?? "")).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  await ask(page, "What is Web+?");
  await completeAnswer(page);
  const said = await eventually(async () => {
    const heard = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
    assert.match(heard[0] ?? "", /^Answer: \S/);
    return heard;
  });
  assert.equal(said.length, 1, said.join("\n"));
  await workspace.close(page);
});
