/*
 * What a browser is told with each reply, and which pages of other sites may read one. The headers themselves are held
 * against their values in each call of the other tests, errors too.
 */
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Client, assertSecurityHeaders } from "./lib/client.ts";
import { exchange } from "./lib/raw.ts";
import { Server } from "./lib/server.ts";
import { ada, contract, passwords, server } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const app = "https://app.example.org";
const other = "http://[::1]:3000";

const granted = (headers: Headers): string[] =>
  [...headers.keys()].filter((name) => name.startsWith("access-control-"));

function preflight(at: Server, origin: string, method = "DELETE"): Promise<Response> {
  return fetch(`${at.url}/api/v1/conversations/x`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": method,
      "access-control-request-headers": "authorization,x-evil",
    },
  });
}

describe("security headers", () => {
  test("are on the page, its files, redirects, errors and what is no request", async () => {
    for (const target of [
      "/",
      "/favicon.svg",
      "/assets/none.js",
      "/api/docs",
      "/metrics",
      "/api/v1/x",
    ])
      assertSecurityHeaders((await fetch(server.url + target)).headers, target);
    const options = await fetch(server.url, { method: "OPTIONS" });
    assertSecurityHeaders(options.headers, "OPTIONS");
    const reply = await exchange(server.port, "hello\r\n\r\n");
    assert.match(reply.head, /\r\nContent-Security-Policy: default-src 'none'/);
  });

  test("stand once each, and allow neither inline code nor eval", async () => {
    const reply = await exchange(
      server.port,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`,
    );
    const names = reply.head
      .split("\r\n")
      .slice(1)
      .map((line) => line.split(":")[0]!.toLowerCase());
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    );
    assert.doesNotMatch(reply.head, /unsafe-|\*/);
    assert.doesNotMatch(reply.body, /<script(?![^>]* src=)|<style|\son[a-z]+=|style="/);
  });

  test("speak of https only where that is what people use", async () => {
    const plain = await ada.call("GET", "/api/v1/health", {
      headers: { "x-forwarded-proto": "https" },
    });
    assert.equal(plain.headers.get("strict-transport-security"), null);
    const env = { WEBPLUS_PUBLIC_URL: "https://chat.example.org" };
    for (const [days, expected] of [
      ["365", "max-age=31536000"],
      ["0", null],
    ] as const) {
      const behind = await Server.start({ env: { ...env, WEBPLUS_HSTS_DAYS: days } });
      const reply = await fetch(`${behind.url}/`);
      assert.equal(reply.headers.get("strict-transport-security"), expected);
      await behind.remove();
    }
  });
});

describe("pages of other sites", () => {
  let open: Server;

  before(async () => {
    open = await Server.start({ env: { WEBPLUS_CORS_ORIGINS: `${app}, ${other}` } });
  });
  after(() => open.remove());

  test("read nothing, unless the settings name them", async () => {
    for (const origin of [app, server.url, "null", "*"]) {
      assert.deepEqual(granted((await preflight(server, origin)).headers), [], origin);
      const reply = await ada.call("GET", "/api/v1/auth/me", { headers: { origin } });
      assert.deepEqual(granted(reply.headers), [], origin);
      assert.equal(reply.headers.get("vary"), null);
    }
  });

  test("that are named get their own origin back, and may ask before they send", async () => {
    for (const origin of [app, other]) {
      const { status, headers } = await preflight(open, origin);
      assert.equal(status, 204);
      assert.equal(headers.get("access-control-allow-origin"), origin);
      assert.match(headers.get("access-control-allow-methods")!, /\bDELETE\b/);
      assert.match(headers.get("access-control-allow-headers")!, /\bAuthorization\b/);
      assert.doesNotMatch(headers.get("access-control-allow-headers")!, /evil|\*/);
      assert.equal(headers.get("access-control-allow-credentials"), null);
      assert.equal(headers.get("vary"), "Origin");
    }
    const client = new Client(open.url, contract);
    const refused = await client.call("GET", "/api/v1/auth/me", { headers: { origin: app } });
    assert.equal(refused.status, 401);
    assert.equal(
      refused.headers.get("access-control-allow-origin"),
      app,
      "errors can be read, too",
    );
    assert.match(refused.headers.get("access-control-expose-headers")!, /\bRetry-After\b/);
    assert.equal(refused.headers.get("access-control-allow-methods"), null);
  });

  test("are named exactly", async () => {
    for (const origin of [
      "http://app.example.org",
      "https://app.example.org:443",
      "https://app.example.org.evil.example",
      "https://evil.app.example.org",
      "https://APP.example.org",
      "https://app.example.or",
      `${app}, ${other}`,
      "https://app.example.org/",
      "null",
    ]) {
      const { status, headers } = await preflight(open, origin);
      assert.equal(status, 204);
      assert.deepEqual(granted(headers), [], origin);
      assert.equal(headers.get("vary"), "Origin", origin);
    }
    const reply = await fetch(`${open.url}/api/v1/health`);
    assert.equal(reply.headers.get("vary"), "Origin", "nor may a cache mix them up");
  });

  test("send cookies only when the settings say so", async () => {
    const env = { WEBPLUS_CORS_ORIGINS: app, WEBPLUS_CORS_CREDENTIALS: "true" };
    const trusting = await Server.start({ env });
    const named = await preflight(trusting, app);
    assert.equal(named.headers.get("access-control-allow-credentials"), "true");
    assert.equal(named.headers.get("access-control-allow-origin"), app);
    assert.deepEqual(granted((await preflight(trusting, "https://evil.example")).headers), []);
    await trusting.remove();
  });

  test("may renew a session by its cookie only when the settings say so, and end it by its token", async () => {
    const statuses = async (server: Server, origin: string): Promise<number[]> => {
      const headers = { origin, "sec-fetch-site": "same-site" };
      const ada = new Client(server.url, contract);
      await ada.signIn("ada", passwords.ada);
      const renewed = await ada.call("POST", "/api/v1/auth/refresh", {
        headers: { ...headers, cookie: ada.cookie! },
      });
      const ended = await ada.call("POST", "/api/v1/auth/logout", { headers });
      return [renewed.status, ended.status];
    };
    for (const [credentials, expected] of [
      ["true", [200, 204]],
      ["false", [403, 204]],
    ] as const) {
      const env = { WEBPLUS_CORS_ORIGINS: app, WEBPLUS_CORS_CREDENTIALS: credentials };
      const trusting = await Server.start({ env });
      await trusting.createUser("ada", passwords.ada);
      assert.deepEqual(await statuses(trusting, app), expected, credentials);
      assert.deepEqual(await statuses(trusting, "https://evil.example"), [403, 403]);
      await trusting.remove();
    }
  });
});

describe("a header of a reply", () => {
  test("is never made of what a client sent", async () => {
    const marks = [
      "%0d%0aX-Injected:%20yes",
      "%0aX-Injected:%20yes",
      "%E5%98%8A%E5%98%8DX-Injected:yes",
    ];
    for (const mark of marks)
      for (const target of [
        `/${mark}`,
        `/api/v1/help/${mark}`,
        `/assets/${mark}`,
        `/?next=${mark}`,
      ]) {
        const reply = await exchange(
          server.port,
          `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nOrigin: ${mark}\r\n` +
            `X-Request-Id: ${mark}\r\nIdempotency-Key: ${mark}\r\nConnection: close\r\n\r\n`,
        );
        assert.doesNotMatch(reply.head, /injected/i, target);
        assert.equal(reply.text.match(/HTTP\/1\.1 /g)?.length, 1, target);
      }
  });

  test("does not take over a host or a scheme that a client invented", async () => {
    const reply = await exchange(
      server.port,
      `GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n` +
        `X-Original-URL: /admin\r\nConnection: close\r\n\r\n`,
    );
    assert.doesNotMatch(reply.text, /evil\.example/);
  });
});
