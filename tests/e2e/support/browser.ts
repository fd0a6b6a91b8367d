/** A headless browser, and pages that remember everything a console would have shown in red. */
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
} from "playwright-core";

// The front end's own lock file names the browser driver, so that there is one for both.
const frontend = path.resolve(import.meta.dirname, "../../../apps/frontend/package.json");
const require = createRequire(frontend);
const { chromium } = require("playwright-core") as typeof import("playwright-core");

export const axeSource = require.resolve("axe-core/axe.min.js");

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: quiet });
}

export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

/** What no page may cause: errors in the console, exceptions, breaches of the content policy. */
export function watchFaults(context: BrowserContext): string[] {
  const faults: string[] = [];
  context.on("console", (message) => {
    // A newcomer's page asks once whether there is a session.
    const isNewcomer =
      /401/.test(message.text()) && /\/auth\/refresh$/.test(message.location().url);
    if (message.type() === "error" && !isNewcomer)
      faults.push(`${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => faults.push(error.error().stack ?? String(error.error())));
  return faults;
}

/** A poor line, to find what passes only where replies are there at once: each message up to so late. */
export async function slowDown(context: BrowserContext, milliseconds: number): Promise<void> {
  const lag = () => sleep(Math.random() * milliseconds);
  await context.route("**/*", async (route) => {
    await lag();
    await route.continue().catch(() => undefined);
  });
  await context.routeWebSocket(/^ws/, (page) => {
    const server = page.connectToServer();
    let last = Promise.resolve();
    // In order, as a connection has them.
    server.onMessage((message) => {
      last = last.then(lag).then(() => page.send(message));
    });
  });
}

/** A slow machine, to find what passes only where a page is drawn as soon as its address changes. */
export function slowProcessor(context: BrowserContext, times: number): void {
  context.on("page", (page) => {
    const slow = async () => {
      const session = await context.newCDPSession(page);
      await session.send("Emulation.setCPUThrottlingRate", { rate: times });
    };
    // One that is closed already is as slow as it gets.
    void slow().catch(() => undefined);
  });
}

/** In the page, before it begins: as where a proxy lets no WebSocket through. */
export function blockSockets(): void {
  globalThis.WebSocket = class extends EventTarget {
    static readonly OPEN = 1;
    readyState = 3;
    onclose: ((event: { code: number }) => void) | null = null;
    constructor() {
      super();
      setTimeout(() => this.onclose?.({ code: 1006 }));
    }
    send() {}
    close() {}
  } as unknown as typeof WebSocket;
}

/** So many are drawn, however long that takes: where something moves, it has moved then. */
export async function frames(page: Page, count: number): Promise<void> {
  await page.evaluate(async (most) => {
    for (let frame = 0; frame < most; frame += 1)
      await new Promise((resolve) => requestAnimationFrame(resolve));
  }, count);
}

/** Turns the wheel over an element, until the scrolling that this sets off has ended. */
export async function turnWheel(page: Page, element: Locator, by: number): Promise<void> {
  await element.hover();
  const turn = await element.evaluateHandle((scroller, up) => {
    const once = { once: true, passive: true };
    const { scrollTop, scrollHeight, clientHeight } = scroller;
    if (up ? scrollTop === 0 : scrollTop + clientHeight >= scrollHeight)
      throw new Error("It cannot be scrolled any further.");
    const turned = new Promise((resolve) => scroller.addEventListener("wheel", resolve, once));
    const ended = turned.then(
      () => new Promise((resolve) => scroller.addEventListener("scrollend", resolve, once)),
    );
    return { ended };
  }, by < 0);
  await page.mouse.wheel(0, by);
  await turn.evaluate(({ ended }) => ended.then(() => undefined));
}

/** Once nothing moves: a colour half faded in is not the one that is read. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getTiming().iterations !== Infinity)
        .map((animation) => animation.finished.catch(() => undefined)),
    ),
  );
}
