import { type TestContext, type TestOptions, test as run } from "node:test";

const limitMs = 60_000;

type Body = (context: TestContext) => unknown;

/** A test that waits for what never comes fails, rather than holding up the others. */
export function test(name: string, ...rest: [Body] | [TestOptions, Body]): void {
  const [options, body] = rest.length === 2 ? rest : [{}, rest[0]];
  void run(name, { timeout: limitMs, ...options }, async (context) => {
    await body(context);
  });
}
