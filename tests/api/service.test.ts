import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe } from "node:test";

import { metric } from "./lib/consistency.ts";
import { isGuarded, type Operation } from "./lib/contract.ts";
import { ada, contract, nobody, server } from "./lib/world.ts";
import { test } from "./lib/test.ts";

describe("the service", () => {
  test("says that it lives and that it is ready, to anybody", async () => {
    const health = await nobody().get("/api/v1/health");
    assert.equal(health.status, "ok");
    assert.match(health.version, /^\d+\.\d+\.\d+/);
    assert.equal((await nobody().get("/api/v1/ready")).status, "ok");
  });

  test("looks at its database once a second, however often it is asked whether it is ready", async () => {
    const reads = (): Promise<number> => metric(server, "webplus_db_reads_total");
    const before = await reads();
    const asked = Array.from({ length: 200 }, () => nobody().get("/api/v1/ready"));
    assert.ok((await Promise.all(asked)).every(({ status }) => status === "ok"));
    assert.ok((await reads()) - before < 100);
  });

  test("gives its figures to Prometheus", async () => {
    const reply = await nobody().call("GET", "/metrics");
    assert.equal(reply.status, 200);
    assert.match(reply.headers.get("content-type")!, /^text\/plain/);
    const samples = reply.text
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("#"));
    assert.ok(samples.length > 5);
    for (const line of samples)
      assert.match(line, /^[a-z_:][a-z0-9_:]*(\{[^{}]*\})? -?[0-9.e+-]+$/i, line);
    for (const line of reply.text.split("\n").filter((text) => text.startsWith("# TYPE")))
      assert.match(line, /^# TYPE \S+ (counter|gauge|histogram|summary)$/);
  });

  test("describes itself in OpenAPI 3.1", async () => {
    assert.match(contract.document.openapi, /^3\.1\./);
    const names = contract.operations.map(
      (operation: Operation) => `${operation.method} ${operation.path}`,
    );
    for (const name of [
      "POST /api/v1/setup",
      "POST /api/v1/auth/login",
      "POST /api/v1/auth/refresh",
      "POST /api/v1/auth/logout",
      "GET /api/v1/auth/me",
      "GET /api/v1/models",
      "GET /api/v1/conversations",
      "POST /api/v1/conversations",
      "GET /api/v1/conversations/{id}",
      "PATCH /api/v1/conversations/{id}",
      "DELETE /api/v1/conversations/{id}",
      "POST /api/v1/conversations/{id}/restore",
      "GET /api/v1/conversations/{id}/messages",
      "POST /api/v1/conversations/{id}/messages",
      "GET /api/v1/messages/{id}",
      "POST /api/v1/messages/{id}/stop",
      "GET /api/v1/messages/{id}/events",
      "GET /api/v1/health",
      "GET /api/v1/ready",
    ])
      assert.ok(names.includes(name), `${name} is described`);
    const open = contract.operations
      .filter((operation: Operation) => !isGuarded(operation))
      .map((operation: Operation) => operation.path);
    for (const path of open)
      assert.match(
        path,
        /\/(setup|auth\/(register|login|refresh|logout)|health|ready|help|openapi\.json|docs)/,
        `${path} is public`,
      );
    for (const operation of contract.operations)
      assert.ok(operation.summary, `${operation.method} ${operation.path} says what it does`);
  });

  test("shows its description on a page", async () => {
    const reply = await nobody().call("GET", "/api/docs");
    assert.equal(reply.status, 200);
    assert.match(reply.headers.get("content-type")!, /^text\/html/);
    assert.doesNotMatch(
      reply.text,
      /<script(?![^>]*\bsrc=)/,
      "no inline script, which the policy forbids",
    );
    assert.doesNotMatch(reply.text, /\bstyle=|<style/, "no inline style");
  });

  test("offers its guides to read", async () => {
    const { items } = await nobody().get("/api/v1/help");
    assert.deepEqual(items.map((item: { name: string }) => item.name).sort(), [
      "admin-guide",
      "configuration-guide",
      "installation-guide",
      "user-guide",
    ]);
    for (const { name, title } of items) {
      const guide = await nobody().get(`/api/v1/help/${name}`);
      assert.equal(guide.title, title);
      assert.match(guide.content, /^# /);
    }
    await nobody().refused(404, "GET", "/api/v1/help/nothing");
    await nobody().refused(400, "GET", "/api/v1/help/..%2f..%2fetc%2fpasswd");
  });

  test("gives every request its own id", async () => {
    const ids = await Promise.all(
      Array.from({ length: 5 }, async () =>
        (await ada.call("GET", "/api/v1/health")).headers.get("x-request-id"),
      ),
    );
    assert.equal(new Set(ids).size, 5);
    const missing = await ada.call("GET", "/api/v1/missing");
    assert.equal(missing.json.request_id, missing.headers.get("x-request-id"));
  });
});

describe("the page", () => {
  const page = (path: string, headers: Record<string, string> = {}) =>
    nobody().call("GET", path, { headers });

  test("is served at every address that is not the API’s", async () => {
    const index = await page("/");
    assert.equal(index.status, 200);
    assert.match(index.headers.get("content-type")!, /^text\/html; charset=utf-8/i);
    assert.doesNotMatch(index.text, /<script(?![^>]*\bsrc=)/);
    for (const path of ["/setup?token=x", "/login", "/c/01890000-0000-7000-8000-000000000000"])
      assert.equal((await page(path)).text, index.text, path);
  });

  test("brings assets that may be kept for ever, compressed for who can read it", async () => {
    const index = (await page("/")).text;
    const paths = [...index.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(
      (match) => match[1]!,
    );
    assert.ok(paths.length > 0);
    for (const path of paths) {
      const plain = await fetch(server.url + path, { headers: { "accept-encoding": "identity" } });
      assert.equal(plain.status, 200, path);
      assert.match(plain.headers.get("cache-control")!, /immutable/, path);
      const bytes = await plain.bytes();
      const packed = await fetch(server.url + path, { headers: { "accept-encoding": "br, gzip" } });
      assert.ok(["br", "gzip"].includes(packed.headers.get("content-encoding") ?? ""), path);
      assert.match(packed.headers.get("vary") ?? "", /accept-encoding/i, path);
      assert.equal(digest(await packed.bytes()), digest(bytes), path);
      const again = await fetch(server.url + path, {
        headers: { "accept-encoding": "identity", "if-none-match": plain.headers.get("etag")! },
      });
      assert.equal(again.status, 304, path);
    }
    assert.equal((await page("/assets/missing.js")).status, 404);
  });
});

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
