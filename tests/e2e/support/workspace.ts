/** A server with its first administrator, and people's windows on it. */
import assert from "node:assert/strict";
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
} from "playwright-core";
import { Upstream } from "../../api/lib/upstream.ts";
import { launchBrowser, slowDown, slowProcessor, watchFaults } from "./browser.ts";
import { Program } from "./program.ts";

export const password = "violet anvil teacup 7";

/** Slow enough to be caught in the middle of an answer, on any machine. */
export const slowly = { WEBPLUS_GUIDE_WORDS_PER_SECOND: "4" };
export const quickly = { WEBPLUS_GUIDE_WORDS_PER_SECOND: "2000" };

const lagMs = Number(process.env.E2E_LAG_MS ?? 0);
const timesSlower = Number(process.env.E2E_TIMES_SLOWER ?? 1);

export class Workspace {
  readonly program: Program;
  readonly browser: Browser;
  readonly #windows = new Map<BrowserContext, string[]>();
  /** What ends with it. */
  #upstream?: Upstream;

  private constructor(program: Program, browser: Browser) {
    this.program = program;
    this.browser = browser;
  }

  /** Already set up, unless the test is about that. */
  static async start(env: Record<string, string>, setUp = true): Promise<Workspace> {
    const program = await Program.start(env);
    let browser: Browser | undefined;
    try {
      browser = await launchBrowser();
      const workspace = new Workspace(program, browser);
      if (setUp) await workspace.setUp();
      return workspace;
    } catch (error) {
      await browser?.close();
      await program.remove();
      throw error;
    }
  }

  /** Beside a server of models that the test itself speaks for. */
  static async withUpstream(
    env: Record<string, string>,
    models = ["scripted"],
  ): Promise<{ workspace: Workspace; upstream: Upstream }> {
    const upstream = await Upstream.start();
    upstream.models = models;
    const workspace = await Workspace.start({ ...env, WEBPLUS_OPENAI_URL: upstream.openaiUrl });
    workspace.#upstream = upstream;
    return { workspace, upstream };
  }

  async setUp(): Promise<void> {
    const token = new URL(this.program.setupLink).searchParams.get("token");
    const body = { token, username: "robin", email: "robin@example.org", password };
    const reply = await fetch(`${this.program.url}/api/v1/setup`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.equal(reply.status, 201, await reply.text());
  }

  /** A browser profile of its own: other cookies, another person or another machine. */
  async window(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 800 },
      baseURL: this.program.url,
      ...options,
    });
    context.setDefaultTimeout(15_000);
    if (lagMs > 0) await slowDown(context, lagMs);
    if (timesSlower > 1) slowProcessor(context, timesSlower);
    this.#windows.set(context, watchFaults(context));
    return context;
  }

  /** A new window at a new chat, of somebody whose session is there already, and who chose the built-in model before. */
  async signedIn(options: BrowserContextOptions = {}, username = "robin"): Promise<Page> {
    const localStorage = [{ name: "webplus.model", value: "webplus/guide" }];
    const origins = [{ origin: this.program.url, localStorage }];
    const context = await this.window({ storageState: { cookies: [], origins }, ...options });
    const reply = await context.request.post("/api/v1/auth/login", {
      data: { username, password },
    });
    assert.equal(reply.status(), 200, await reply.text());
    const page = await context.newPage();
    await page.goto("/");
    await page.locator("main#chat").waitFor();
    return page;
  }

  /** Closes the window; fails if anything went wrong in it that `expected` does not match. */
  async close(page: Page, expected?: RegExp): Promise<void> {
    const context = page.context();
    const faults = this.#windows.get(context) ?? [];
    this.#windows.delete(context);
    await context.close();
    assert.deepEqual(expected ? faults.filter((fault) => !expected.test(fault)) : faults, []);
  }

  async remove(): Promise<void> {
    await this.browser.close();
    await this.program.remove();
    await this.#upstream?.close();
  }
}

export async function signIn(page: Page, username = "robin"): Promise<void> {
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("main#chat").waitFor();
}

export const input = (page: Page): Locator => page.getByRole("textbox", { name: "Message" });
/** With a question on its way, which is busy like an answer. */
export const answers = (page: Page): Locator => page.locator("article[aria-busy]");
export const stopButton = (page: Page): Locator => page.getByRole("button", { name: "Stop" });
export const chats = (page: Page): Locator => page.getByRole("navigation", { name: "Chats" });
/** By its address too: a chat that has no title yet is called the same. */
export const newChat = (within: Page | Locator): Locator =>
  within.getByRole("link", { name: "New chat", exact: true }).and(within.locator("[href='/']"));
export const thread = (page: Page): Locator => page.getByRole("region", { name: "Messages" });

export const welcome = (page: Page): Locator =>
  page.getByRole("heading", { name: /What shall we work on/ });
/** Once it would send: it does not while the reply to the message before is on its way, which may be after its answer. */
export const sendButton = (page: Page): Locator =>
  page.getByRole("button", { name: "Send" }).and(page.locator("[aria-disabled=false]"));

export async function ask(page: Page, question: string): Promise<void> {
  await input(page).fill(question);
  await sendButton(page).waitFor();
  await input(page).press("Enter");
}

/** Asks the model that the test itself speaks for, and returns where its answer appears. */
export async function askScripted(page: Page, question: string): Promise<Locator> {
  const model = page.getByRole("button", { name: /^Model:/ });
  await model.click();
  await page.getByRole("option", { name: /^scripted/ }).click();
  await model.getByText("scripted").waitFor();
  await input(page).fill(question);
  // On a phone, Enter breaks the line.
  await sendButton(page).click();
  return page.getByRole("article", { name: "scripted" }).last();
}

/** The last answer, rendered: not its source, which stands there until the renderer is fetched. */
export const prose = (page: Page): Locator => answers(page).last().locator(".prose:has(.block)");

/** The answer to the last question, once it is complete: until it has begun, the question is the last that is there. */
export async function completeAnswer(page: Page): Promise<string> {
  const last = page.getByRole("article").last();
  await last.and(page.locator("[aria-busy=false]")).waitFor({ timeout: 60_000 });
  return prose(page).innerText();
}

/** Once the page has its connection back, and says so no more. Between two attempts it waits for up to 15 seconds. */
export function reconnected(
  page: Page,
  note = page.getByText("Reconnecting to the server"),
): Promise<void> {
  return note.waitFor({ state: "detached", timeout: 30_000 });
}

/** The text of the last answer, once so much of it is there. */
export async function partialAnswer(page: Page, length: number): Promise<string> {
  await page.waitForFunction(
    (wanted) => {
      const all = document.querySelectorAll("article[aria-busy=true] .prose:has(.block)");
      return (all[all.length - 1]?.textContent ?? "").length >= wanted;
    },
    length,
    { timeout: 30_000 },
  );
  return prose(page).innerText();
}

/** Spaces aside, since rendering may lay them out anew. */
export function letters(text: string): string {
  return text.replace(/\s+/g, "");
}
