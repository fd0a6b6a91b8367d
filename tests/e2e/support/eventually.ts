/** For what a locator cannot wait for by itself: a value that becomes right when the page has got so far. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";

const limitMs = 15_000;
const pauseMs = 40;

/** Tries until `check` does not throw; what it threw last is the failure. */
export async function eventually<T>(check: () => Promise<T>): Promise<T> {
  const until = Date.now() + limitMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

export function hasValue(field: Locator, value: string): Promise<void> {
  return eventually(async () => assert.equal(await field.inputValue(), value));
}

export function hasCount(elements: Locator, count: number): Promise<void> {
  return eventually(async () => assert.equal(await elements.count(), count));
}

export function isFocused(element: Locator): Promise<void> {
  return eventually(async () =>
    assert.ok(
      await element.evaluate((node) => node === document.activeElement),
      "it has not the focus",
    ),
  );
}

/** A tab that is not in front is drawn once a second, and every click waits for that. */
export async function inFront(page: Page): Promise<Page> {
  await page.bringToFront();
  return page;
}
