/* The last of the run: a route that no test reached, or that never did what it is for, fails it. */
import assert from "node:assert/strict";
import { describe } from "node:test";

import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

describe("every route of the OpenAPI document", () => {
  test("was reached, and answered with each of its successes", () => {
    const missing = contract.operations.flatMap((operation) =>
      Object.keys(operation.responses)
        .filter((status) => Number(status) < 300 && !operation.reached.has(Number(status)))
        .map((status) => `${operation.method} ${operation.path} never answered ${status}`),
    );
    assert.deepEqual(missing, []);
  });
});
