import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { frames } from "./support/browser.ts";
import { eventually, hasCount, hasValue, isFocused } from "./support/eventually.ts";
import { People } from "./support/people.ts";
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
  await page.getByRole("option", { name: "Theme: dark" }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator("html[data-theme=dark]").waitFor();
  await page.reload();
  await page.locator("html[data-theme=dark]").waitFor();
  await workspace.close(page);
});

test("the palette renames, copies and deletes the open chat, and leads to every page", async () => {
  const page = await workspace.signedIn({ permissions: ["clipboard-read", "clipboard-write"] });
  await ask(page, "A chat to command");
  await completeAnswer(page);
  const command = async (words: string, name: string) => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill(words);
    await page.getByRole("option", { name }).waitFor();
    await page.keyboard.press("Enter");
  };
  await command("copy last", "Copy the last answer");
  const notes = page.getByRole("region", { name: "Notifications" });
  await notes.getByText("Answer copied").waitFor();
  assert.notEqual(await page.evaluate(() => navigator.clipboard.readText()), "");
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error("Not allowed"));
    document.execCommand = () => false;
  });
  await page.keyboard.press("Control+Shift+X");
  await notes.getByText("The answer was not copied.").waitFor();
  await command("rename", "Rename this chat");
  const field = page.getByRole("textbox", { name: "Title of the chat" });
  await isFocused(field);
  await field.fill("Commanded");
  await field.press("Enter");
  await chats(page).getByRole("link", { name: "Commanded" }).waitFor();

  await command("audit", "Administration: Audit log");
  await page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Commanded" }).waitFor();
  await command("delete this", "Delete this chat");
  await page.waitForURL("/");
  await chats(page).getByRole("link", { name: "Commanded" }).waitFor({ state: "detached" });
  await workspace.close(page);
});

test("the palette knows the chats while their list is hidden", async () => {
  const page = await workspace.signedIn();
  await ask(page, "Seen without a list");
  await completeAnswer(page);
  await page.keyboard.press("Control+.");
  await chats(page).waitFor({ state: "detached" });
  await page.goto("/");
  await input(page).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("option", { name: "Seen without a list" }).waitFor();
  await workspace.close(page);
});

test("a key that is shown once is not lost to a shortcut", async () => {
  const page = await workspace.signedIn();
  await page.goto("/settings/api-keys");
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Not to be lost");
  await page.getByRole("button", { name: "Create the key" }).click();
  const key = page.getByRole("textbox", { name: /key/i });
  await key.waitFor();
  for (const combo of ["Control+Shift+O", "Control+k", "Control+/", "Control+."])
    await page.keyboard.press(combo);
  await frames(page, 10);
  assert.match(await key.inputValue(), /^wp_/);
  assert.match(page.url(), /api-keys/);
  await hasCount(page.getByRole("dialog"), 1);
  await workspace.close(page);
});

test("shortcuts are listed, and dialogs give the focus back", async () => {
  const page = await workspace.signedIn();
  await page.keyboard.press("Control+/");
  const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await dialog.getByText("Search and commands").waitFor();
  await dialog.getByText("Delete the chat in focus").waitFor();
  await dialog.getByText("Send a message that was edited").waitFor();
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
  await page.keyboard.press("Control+.");
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
  // Until the models are there, it has only the id of its own.
  await page.getByRole("button", { name: "Model: Web+ Guide" }).waitFor();
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
  const finished = async () => {
    const heard = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
    return heard.filter((text) => text.startsWith("Answer:"));
  };
  await eventually(async () => assert.match((await finished())[0] ?? "", /^Answer: \S/));
  await frames(page, 10);
  const said = await finished();
  assert.equal(said.length, 1, said.join("\n"));
  await workspace.close(page);
});

test("the palette knows the open chat, however far down the list it is", async () => {
  const people = await People.of(workspace);
  const { id } = (await people.call("POST", "/conversations", {})) as { id: string };
  for (let others = 0; others < 40; others += 1) await people.call("POST", "/conversations", {});
  const page = await workspace.signedIn();
  await page.keyboard.press("Control+.");
  await chats(page).waitFor({ state: "detached" });
  await page.goto(`/c/${id}`);
  await page.getByText("Nothing here yet").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("option", { name: "Delete this chat" }).waitFor();
  await page.getByRole("combobox").fill("rename this");
  await page.getByRole("option", { name: "Rename this chat" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("textbox", { name: "Title of the chat" }).fill("Far down");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Far down" }).waitFor();
  await workspace.close(page);
});
