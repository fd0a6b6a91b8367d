/** Takes the pictures of the user guide anew: `npm run screenshots` in apps/frontend. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { phone, settled } from "./support/browser.ts";
import { People } from "./support/people.ts";
import { ask, completeAnswer, partialAnswer, thread, Workspace } from "./support/workspace.ts";

const folder = path.resolve(import.meta.dirname, "../../docs/images");
const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
const dark: BrowserContextOptions = { ...desktop, colorScheme: "dark" };
const earlier = ["Make a backup", "Is my data encrypted?", "Which shortcuts are there?"];

async function take(page: Page, name: string): Promise<void> {
  await page.mouse.move(640, 2);
  await page.evaluate(() => document.fonts.ready);
  await settled(page);
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

async function chatAt(options: BrowserContextOptions, question: string): Promise<Page> {
  const page = await workspace.signedIn(options);
  await ask(page, question);
  await completeAnswer(page);
  return page;
}

await mkdir(folder, { recursive: true });
const workspace = await Workspace.start({ WEBPLUS_GUIDE_WORDS_PER_SECOND: "120" }, false);
const first = await (await workspace.window(desktop)).newPage();
await first.goto(workspace.program.setupLink);
await first.getByRole("button", { name: "Create the workspace" }).waitFor();
await take(first, "setup");
await workspace.setUp();

for (const question of earlier) await (await chatAt(desktop, question)).context().close();
await take(await workspace.signedIn(desktop), "chat-empty");

const streaming = await workspace.signedIn(desktop);
await ask(streaming, "What can I do with Web+, and where do I begin?");
await partialAnswer(streaming, 260);
await take(streaming, "chat-streaming");
await completeAnswer(streaming);

const code = await chatAt(desktop, "How do I run Web+ as a service with systemd?");
await thread(code).evaluate((element) => (element.scrollTop = 0));
await take(code, "chat-code");

const night = await chatAt(dark, "How do I connect Ollama or an OpenAI-compatible server?");
await take(night, "chat-dark");
const pocket = await workspace.signedIn({ ...phone, deviceScaleFactor: 2 });
await pocket.goto(code.url());
await completeAnswer(pocket);
await take(pocket, "chat-phone");
const people = await People.of(workspace);
await people.add("aisha", "developer");
await people.add("jonas", "viewer");
await people.add("mia");
const away = await people.add("noor");
await people.add("tomasz", "administrator");
await people.call("PATCH", `/users/${away}`, { disabled: true });
await people.call("POST", "/invitations", { role: "developer", email: "lena@example.org" });
await people.call("POST", "/api-keys", {
  name: "Nightly report",
  scopes: ["chat:read", "chat:write", "models:read"],
  expires_in_days: 90,
});
await people.call("POST", "/api-keys", {
  name: "Log archive",
  scopes: ["audit:read"],
  expires_in_days: 5,
});
const desk = await workspace.signedIn(desktop);
for (const [address, name] of [
  ["/admin/users", "admin-users"],
  ["/settings/api-keys", "api-keys"],
  ["/admin/audit", "audit"],
] as const) {
  await desk.goto(address);
  await desk.getByRole("status", { name: /^Loading/ }).waitFor({ state: "detached" });
  await desk.waitForLoadState("networkidle");
  await take(desk, name);
}
await workspace.remove();
