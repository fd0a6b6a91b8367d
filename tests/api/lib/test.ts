import { type TestContext, test as run } from "node:test";

const limitMs = 30_000;

/** A test that waits for what never comes fails, rather than holding up the others. */
export function test(name: string, body: (context: TestContext) => unknown): void {
  void run(name, { timeout: limitMs }, async (context) => {
    await body(context);
  });
}
