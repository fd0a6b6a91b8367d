/*
 * Limits: what a minute allows, by address, account and key; raced; and on several servers that share a Redis. A quota of
 * n with 60 s regains one each 60/n s, so that a test that takes a few seconds sees few regained: that many are allowed for.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { after, before, describe } from "node:test";
import path from "node:path";
import { promisify } from "node:util";

import { Client, type Reply, deviceCookie, refreshCookie } from "./lib/client.ts";
import { metric } from "./lib/consistency.ts";
import { Server } from "./lib/server.ts";
import type { Problem } from "./lib/types.ts";
import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const password = "correct horse battery";
const me = "/api/v1/auth/me";
const login = "/api/v1/auth/login";

const limited = {
  WEBPLUS_RATE_LIMITS: "true",
  WEBPLUS_TRUSTED_PROXIES: "127.0.0.1",
  WEBPLUS_RATE_SIGN_IN: "1000",
};

/** A server with an account, ada's, whose sign-in was from 198.51.100.1. */
async function start(env: Record<string, string>): Promise<[Server, Client]> {
  const server = await Server.start({ env: { ...limited, ...env } });
  const ada = new Client(server.url, contract);
  const body = { token: server.setupToken, username: "ada", email: "ada@example.org", password };
  const headers = { "x-forwarded-for": "198.51.100.1" };
  ada.takeSession(await ada.call("POST", "/api/v1/setup", { body, headers }));
  return [server, ada];
}

function from(client: Client, address: string, target = me): Promise<Reply> {
  return client.call("GET", target, { headers: { "x-forwarded-for": address } });
}

function guess(
  { url }: Server,
  username: string,
  tried: string,
  address: string,
  cookie?: string,
): Promise<Reply> {
  return new Client(url, contract).call("POST", login, {
    body: { username, password: tried },
    headers: { "x-forwarded-for": address, ...(cookie !== undefined && { cookie }) },
  });
}

/**
 * Guesses until one is refused, with so many seconds left. Each wait is twice the one before and counts from when the guess
 * was begun: on a slow machine the first ones are over when that is answered.
 */
async function untilRefused(guess: () => Promise<Reply>, secondsLeft = 1): Promise<void> {
  for (let left = 0; left < secondsLeft;) {
    const reply = await guess();
    left = Number(reply.headers.get("retry-after") ?? 0);
    assert.equal(reply.status === 429, left > 0, "it says how long to wait");
  }
}

/** At most so many guesses are answered that come all at once, and more only after their waits. */
function guessesSince(startMs: number): number {
  return 8 + Math.floor(Math.log2((Date.now() - startMs) / 1000 + 1));
}

/** How many of `count` requests, all at once, were answered so. */
async function answered(status: number, count: number, ask: () => Promise<Reply>): Promise<number> {
  const replies = await Promise.all(Array.from({ length: count }, ask));
  return replies.filter((reply) => reply.status === status).length;
}

/** What of a quota may have been regained since then. */
function regainedSince(startMs: number, quota: number): number {
  return Math.ceil(((Date.now() - startMs) / 60_000) * quota);
}

/** The quota, and what may have been regained since `start`. */
function assertQuota(got: number, quota: number, startMs: number): void {
  const regained = regainedSince(startMs, quota);
  assert.ok(got >= quota && got <= quota + regained, `${got} of ${quota} and ${regained}`);
}

describe("limits", () => {
  test("tell how much is left, and when a request is refused, how long to wait", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_READ: "3" });
    const first = await ada.call("GET", me);
    assert.equal(first.headers.get("ratelimit-policy"), '"read";q=3;w=60');
    assert.equal(first.headers.get("ratelimit"), '"read";r=2;t=20');
    assert.equal(first.headers.get("x-ratelimit-limit"), "3");
    assert.equal(first.headers.get("x-ratelimit-remaining"), "2");
    assert.equal(first.headers.get("x-ratelimit-reset"), "20");
    assert.equal(first.headers.get("retry-after"), null);
    await ada.get(me);
    await ada.get(me);
    const refused = await ada.call("GET", me);
    assert.equal(refused.status, 429);
    const wait = Number(refused.headers.get("retry-after"));
    assert.ok(wait >= 1 && wait <= 20, String(wait));
    const problem = refused.json as Problem;
    assert.equal(problem.code, "too_many_requests");
    assert.equal(problem.detail, `Too many requests. Try again in ${wait} seconds.`);
    assert.match(refused.headers.get("ratelimit")!, /^"read";r=0;t=\d+$/);
    await ada.get("/api/v1/health");
    assert.equal((await ada.call("POST", "/api/v1/conversations", { body: {} })).status, 201);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(metrics, /webplus_rate_limited_total\{class="read"\} 1\n/);
    await server.remove();
  });

  test("hold for an account wherever it asks from, and leave other accounts alone", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_READ: "5" });
    await server.createUser("grace", password);
    const grace = new Client(server.url, contract);
    await grace.signIn("grace", password);
    for (let i = 0; i < 5; i++) assert.equal((await from(ada, `203.0.113.${i}`)).status, 200);
    assert.equal((await from(ada, "203.0.113.9")).status, 429);
    assert.equal((await from(grace, "203.0.113.9")).status, 200);
    await server.remove();
  });

  test("leave others of an address what somebody asks there in vain", async () => {
    const [server, ada] = await start({
      WEBPLUS_RATE_READ: "10",
      WEBPLUS_RATE_ADDRESS_FACTOR: "4",
    });
    await server.createUser("grace", password);
    const grace = new Client(server.url, contract);
    await grace.signIn("grace", password);
    const address = "203.0.113.40";
    const began = Date.now();
    assertQuota(await answered(200, 80, () => from(ada, address)), 10, began);
    assert.equal((await from(grace, address)).status, 200);
    await server.remove();
  });

  test("hold for an API key with half of its account's", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_READ: "20" });
    const made = await ada.post("/api/v1/api-keys", { name: "k", scopes: ["chat:read"] }, 201);
    const program = new Client(server.url, contract);
    program.token = made.key;
    const list = () => program.call("GET", "/api/v1/conversations");
    const began = Date.now();
    assertQuota(await answered(200, 30, list), 10, began);
    assert.equal((await ada.call("GET", me)).status, 200, "something is left to its owner");
    await server.remove();
  });

  test("hold for an address, an IPv6 one by its /64, whatever it says of itself", async () => {
    const [server] = await start({ WEBPLUS_RATE_READ: "1", WEBPLUS_RATE_ADDRESS_FACTOR: "4" });
    const nobody = new Client(server.url, contract);
    const setup = "/api/v1/setup";
    const ask = (address: string) => from(nobody, address, setup).then((reply) => reply.status);
    for (let i = 1; i <= 4; i++) assert.equal(await ask(`2001:db8:0:1::${i}`), 200);
    assert.equal(await ask("2001:db8:0:1:ffff::9"), 429);
    assert.equal(await ask("2001:db8:0:2::1"), 200, "another customer");
    for (let i = 1; i <= 4; i++) assert.equal(await ask(`198.51.100.${i}, 203.0.113.7`), 200);
    assert.equal(await ask("198.51.100.9, 203.0.113.7"), 429, "the invented part does not count");
    assert.equal(await ask("203.0.113.8"), 200);
    await server.remove();
  });

  test("are not to be raced, from a hundred connections", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_READ: "25" });
    const began = Date.now();
    assertQuota(await answered(200, 100, () => ada.call("GET", me)), 25, began);
    await server.remove();
  });

  test("hold for a token that the server has not seen yet, and for one after the other", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_READ: "5" });
    const fresh = async (): Promise<Client> => {
      const device = new Client(server.url, contract);
      await device.signIn("ada", password);
      return device;
    };
    const first = await fresh();
    const began = Date.now();
    assertQuota(await answered(200, 40, () => first.call("GET", me)), 5, began);
    for (let i = 0; i < 3; i++)
      assert.equal((await from(await fresh(), `203.0.113.${i}`)).status, 429, "nor a new one");
    assert.equal((await ada.call("GET", me)).status, 429);
    await server.remove();
  });

  test("hold for those whom nobody knows, and do not let them use up what others have", async () => {
    const [server, ada] = await start({
      WEBPLUS_RATE_READ: "20",
      WEBPLUS_RATE_ADDRESS_FACTOR: "1",
    });
    const address = "192.0.2.20";
    const stranger = new Client(server.url, contract);
    const ask = (token?: string) =>
      stranger.call("GET", me, {
        headers: {
          "x-forwarded-for": address,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
      });
    const began = Date.now();
    let number = 0;
    assertQuota(await answered(401, 60, () => ask(`wp_${"x".repeat(40)}${number++}`)), 20, began);
    const refused = await answered(429, 20, () => ask());
    assert.ok(refused >= 20 - regainedSince(began, 20), "without a token, too");
    assert.equal((await from(ada, address)).status, 200, "who is known");
    const again = new Client(server.url, contract);
    again.takeSession(await guess(server, "ada", password, address));
    assert.equal((await from(again, address)).status, 200, "and who has just signed in");
    await server.remove();
  });

  test("hold for them on public routes too, and leave who is signed in theirs", async () => {
    const [server, ada] = await start({
      WEBPLUS_RATE_READ: "20",
      WEBPLUS_RATE_WRITE: "10",
      WEBPLUS_RATE_ADDRESS_FACTOR: "1",
    });
    const stranger = new Client(server.url, contract);
    const address = { "x-forwarded-for": "192.0.2.21" };
    const renew = (cookie?: string) =>
      stranger.call("POST", "/api/v1/auth/refresh", {
        headers: { ...address, ...(cookie !== undefined && { cookie }) },
      });
    const tail = ada.cookie.slice(ada.cookie.indexOf(".")); // whose it is, and that it is of here
    const forged = () => renew(`webplus_refresh=${randomBytes(32).toString("base64url")}${tail}`);
    const began = Date.now();
    assertQuota(await answered(401, 40, () => renew()), 10, began);
    assert.ok((await answered(429, 20, forged)) >= 17, "with cookies that were made up");
    const read = (client: Client, target: string) =>
      client.call("GET", target, { headers: address });
    assertQuota(await answered(200, 40, () => read(stranger, "/api/v1/help")), 20, began);
    assert.ok((await answered(429, 20, () => read(stranger, "/api/v1/openapi.json"))) >= 17);
    const write = { headers: address, body: {} };
    assert.equal((await ada.call("POST", "/api/v1/conversations", write)).status, 201);
    assert.equal((await read(ada, "/api/v1/help")).status, 200);
    const renewed = await renew(ada.cookie);
    assert.equal(renewed.status, 200, "she renews her session");
    ada.takeSession(renewed);
    assert.equal((await read(ada, "/api/v1/help")).status, 200, "a token that was not seen yet");
    const leave = { headers: { ...address, cookie: ada.cookie } };
    assert.equal((await ada.call("POST", "/api/v1/auth/logout", leave)).status, 204);
    await server.remove();
  });

  test("hold for a session that is renewed, and for the cookie of one that is over", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_WRITE: "10" });
    const other = new Client(server.url, contract);
    await other.signIn("ada", password);
    const renew = ({ cookie }: Client) =>
      new Client(server.url, contract).call("POST", "/api/v1/auth/refresh", {
        headers: { cookie },
      });
    await ada.get(me);
    const began = Date.now();
    assertQuota(await answered(200, 40, () => renew(ada)), 10, began);
    await other.call("POST", "/api/v1/auth/logout");
    assertQuota(await answered(401, 40, () => renew(other)), 9, began); // and signing out is one
    assert.equal((await ada.call("POST", "/api/v1/conversations", { body: {} })).status, 201);
    await server.remove();
  });

  test("hold for the tokens of sessions that are over, and cost others nothing", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_READ: "5", WEBPLUS_RATE_ADDRESS_FACTOR: "2" });
    const over = async (): Promise<Client> => {
      const device = new Client(server.url, contract);
      await device.signIn("ada", password);
      assert.equal((await device.call("POST", "/api/v1/auth/logout")).status, 204);
      return device;
    };
    await ada.get(me);
    const [first, second, third] = [await over(), await over(), await over()];
    const began = Date.now();
    assertQuota(await answered(401, 30, () => first.call("GET", me)), 5, began);
    let all = await answered(401, 30, () => second.call("GET", me));
    all += await answered(401, 30, () => third.call("GET", me));
    assert.ok(all >= 4 && all < 8, `${all}: those of an account have so many together`);
    assert.equal((await ada.call("GET", me)).status, 200, "the one that is not");
    assert.equal((await new Client(server.url, contract).call("GET", me)).status, 401);
    await server.remove();
  });

  test("hold for searches apart, and for two of an account at once", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_SEARCH: "40" });
    const search = () => ada.call("GET", "/api/v1/search?q=word");
    const first = await search();
    assert.equal(first.status, 200);
    assert.equal(first.headers.get("ratelimit-policy"), '"search";q=40;w=60');
    const replies = await Promise.all(Array.from({ length: 30 }, search));
    const refused = replies.filter((reply) => reply.status === 429);
    assert.ok(refused.length > 0 && refused.length <= 28, String(refused.length));
    for (const reply of refused) assert.equal(reply.headers.get("retry-after"), "1");
    let status = 200;
    for (let i = 31; i < 50 && status === 200; i++) ({ status } = await search());
    assert.equal(status, 429);
    assert.equal((await ada.call("GET", me)).status, 200, "the other reading");
    await server.remove();
  });

  test("leave the searches of a person alone when a key runs wild", async () => {
    const [server, ada] = await start({});
    const { key } = (await ada.post(
      "/api/v1/api-keys",
      { name: "wild", scopes: ["chat:read"] },
      201,
    )) as { key: string };
    const search = (client: Client) => client.call("GET", "/api/v1/search?q=word");
    const program = new Client(server.url, contract);
    program.token = key;
    for (let i = 0; i < 10; i++) {
      const wild = Array.from({ length: 4 }, () => search(program));
      const own = await Promise.all([search(ada), search(ada)]);
      assert.deepEqual(
        own.map(({ status }) => status),
        [200, 200],
      );
      await Promise.all(wild);
    }
    await server.remove();
  });

  test("leave a device that is known a share of its own, for its account alone", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_SIGN_IN: "5" });
    const address = "192.0.2.30";
    const sign = (name: string, cookie?: string) => guess(server, name, password, address, cookie);
    for (let i = 0; i < 5; i++) assert.equal((await sign(`nobody${i}`)).status, 401);
    assert.equal((await sign("ada")).status, 429, "the address has used up what it has");
    assert.equal((await sign("ada", ada.device)).status, 200);
    assert.equal((await sign("nobody", ada.device)).status, 429, "not for others");
    const began = Date.now();
    assertQuota(await answered(200, 20, () => sign("ada", ada.device)), 3, began);
    await server.remove();
  });

  test("spare those that the settings name", async () => {
    const [server, ada] = await start({ WEBPLUS_RATE_READ: "1", WEBPLUS_RATE_ADDRESS_FACTOR: "1" });
    const env = { ...server.env, WEBPLUS_RATE_EXEMPT_ADDRESSES: "203.0.113.0/24" };
    await server.end();
    Object.assign(server.env, env, { WEBPLUS_RATE_EXEMPT_ACCOUNTS: ada.session!.user.id });
    await server.run();
    const again = new Client(server.url, contract);
    await again.signIn("ada", password);
    for (let i = 0; i < 5; i++) assert.equal((await from(again, "198.51.100.9")).status, 200);
    const nobody = new Client(server.url, contract);
    const setup = "/api/v1/setup";
    for (let i = 0; i < 5; i++)
      assert.equal((await from(nobody, "203.0.113.5", setup)).status, 200);
    assert.equal((await from(nobody, "192.0.2.1", setup)).status, 200);
    assert.equal((await from(nobody, "192.0.2.1", setup)).status, 429);
    await server.remove();
  });
});

describe("signing in", () => {
  let server: Server;
  let ada: Client;

  before(async () => {
    [server, ada] = await start({});
  });
  after(() => server.remove());

  const attempt = (username: string, tried: string, address: string, cookie?: string) =>
    guess(server, username, tried, address, cookie);

  test("costs time that grows, for who guesses, and not for others", async () => {
    for (let i = 0; i < 6; i++)
      assert.equal((await attempt("ada", "wrong", "192.0.2.1")).status, 401);
    await untilRefused(() => attempt("ada", "wrong", "192.0.2.1"), 2);
    const refused = await attempt("ada", password, "192.0.2.1");
    assert.equal(refused.status, 429, "even with the right one");
    assert.equal((await attempt("ada", password, "192.0.2.2")).status, 200, "another address");
    for (let i = 0; i < 6; i++)
      assert.equal((await attempt("no-such-name", "wrong", "192.0.2.3")).status, 401);
    await untilRefused(() => attempt("no-such-name", "wrong", "192.0.2.3")); // nor a name told
  });

  test("is not to be raced: a hundred guesses at once are a hundred", async () => {
    const began = Date.now();
    const all = await answered(401, 100, () => attempt("raced", "wrong", "192.0.2.4"));
    assert.ok(all >= 6 && all <= guessesSince(began), String(all));
  });

  test("stays possible for who was here before, however many others guess", async () => {
    const statuses: number[] = [];
    while (!statuses.includes(429)) {
      assert.ok(statuses.length < 100, "the account as a whole is guarded");
      const addresses = Array.from(
        { length: 10 },
        (_, i) => `192.0.2.${100 + statuses.length + i}`,
      );
      const replies = await Promise.all(addresses.map((from) => attempt("ada", "wrong", from)));
      statuses.push(...replies.map((reply) => reply.status));
    }
    // The waits are short at first: a guess before each try keeps one going.
    for (let i = 0, status = 0; status !== 429; i++) {
      assert.ok(i < 50, "a new address waits");
      await attempt("ada", "wrong", `203.0.113.${2 * i}`);
      ({ status } = await attempt("ada", password, `203.0.113.${2 * i + 1}`));
    }
    assert.equal(
      (await attempt("ada", password, "198.51.100.1")).status,
      200,
      "a known one does not",
    );
    const known = await attempt("ada", password, "203.0.113.200", ada.device);
    assert.equal(known.status, 200, "nor a known device, wherever it is");
  });

  test("stays possible from somewhere new, once, while others guess", async () => {
    for (let i = 0, status = 0; status !== 429; i++) {
      assert.ok(i < 50, "the account as a whole is guarded");
      ({ status } = await attempt("ada", "wrong", `203.0.113.${i}`));
    }
    assert.equal((await attempt("ada", password, "198.18.7.1")).status, 200, "a new network");
    assert.equal((await attempt("ada", password, "2001:db8:7:1::1")).status, 200, "one of IPv6");
    for (let i = 0, status = 0; status !== 429; i++) {
      assert.ok(i < 50, "the next of that network waits");
      await attempt("ada", "wrong", `198.18.8.${2 * i}`);
      ({ status } = await attempt("ada", password, `198.18.8.${2 * i + 1}`));
    }
  });

  test("does not tell whose an e-mail address is, by the waits of its account", async () => {
    await server.createUser("bea", password);
    const mail = "bea@example.org";
    await untilRefused(() => attempt(mail, "wrong", "192.0.2.70"));
    assert.equal((await attempt("bea", "wrong", "192.0.2.70")).status, 401);
    assert.equal((await attempt(mail, password, "192.0.2.71")).status, 200, "it is hers");
  });

  /** The right password is refused while somebody guesses there: a guess before each try, since waits are short at first. */
  async function isKeptOut(username: string, address: string, cookie?: string): Promise<void> {
    for (let i = 0, status = 0; status !== 429; i++) {
      assert.ok(i < 30, `${username} is kept out`);
      for (let guesses = 0; guesses < 6; guesses++) await attempt(username, "wrong", address);
      ({ status } = await attempt(username, password, address, cookie));
    }
  }

  /** A device of ada's that is signed out. */
  async function signedOut(): Promise<Client> {
    const device = new Client(server.url, contract);
    device.takeSession(await attempt("ada", password, "198.51.100.1"));
    await device.call("POST", "/api/v1/auth/logout", { headers: { cookie: device.cookie } });
    return device;
  }

  test("stays possible on a device that was signed out, at the address of who guesses", async () => {
    const { device } = await signedOut();
    const shared = "192.0.2.61";
    const tail = device.at(-1) === "0" ? "1" : "0";
    const planted = device.slice(0, -1) + tail;
    await isKeptOut("ada", shared);
    assert.equal((await attempt("ada", password, shared, device)).status, 200);
    await isKeptOut("ada", shared, planted);
    const both = `${planted}; ${device}`;
    assert.equal((await attempt("ada", password, shared, both)).status, 200, "the good one counts");
    await server.createUser("dan", password);
    await isKeptOut("dan", shared, device);
  });

  test("is not kept from a device by the stolen cookie of another, which has its own waits", async () => {
    const stolen = (await signedOut()).device;
    const statuses: number[] = [];
    while (statuses.at(-1) !== 429 && statuses.length < 20)
      statuses.push((await attempt("ada", "wrong", `198.18.9.${statuses.length}`, stolen)).status);
    assert.ok(statuses.length <= 8, `${statuses}`);
    assert.equal((await attempt("ada", password, "192.0.2.62", stolen)).status, 429);
    assert.equal((await attempt("ada", password, "198.18.9.0", ada.device)).status, 200);
  });

  test("makes a device known that renews a session from before there were such", async () => {
    const device = new Client(server.url, contract);
    device.takeSession(await attempt("ada", password, "198.51.100.1"));
    const renew = (cookie: string) =>
      device.call("POST", "/api/v1/auth/refresh", { headers: { cookie } });
    const first = await renew(device.cookie);
    assert.ok(deviceCookie(first));
    const second = await renew(`${refreshCookie(first)}; ${deviceCookie(first)}`);
    assert.equal(deviceCookie(second), undefined, "which it is then");
  });

  test("asks the database the same for a name that is nobody's, where it refuses, too", async () => {
    await server.createUser("tess", password);
    assert.equal((await attempt("tess", password, "198.51.100.9")).status, 200);
    const total = async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(/^webplus_db_statements_total (\d+)$/m.exec(text)![1]);
    };
    /** The least of several: others' statements, as the look for changed rights, fall between some of them. */
    async function statements(username: string, address: string): Promise<number> {
      let least = Infinity;
      for (let i = 0; i < 12; i++) {
        const before = await total();
        assert.equal((await attempt(username, password, address)).status, 429);
        least = Math.min(least, (await total()) - before);
      }
      return least;
    }
    const counts: number[] = [];
    for (const username of ["tess", "no-such-name"]) {
      const networks = Array.from({ length: 27 }, (_, i) => `10.7.${i}.1`);
      for (const address of networks) await attempt(username, "wrong", address);
      counts.push(await statements(username, "10.7.26.2"));
    }
    assert.equal(counts[0], counts[1]);
  });

  test("is as costly to guess where a password is asked for again", async () => {
    const email = "new@example.org";
    const change = () => ada.call("PATCH", me, { body: { email, password: "a wrong password" } });
    for (let i = 0; i < 6; i++) assert.equal((await change()).status, 422);
    await untilRefused(change, 2);
    const deletion = await ada.call("DELETE", me, { body: { password } });
    assert.equal(deletion.status, 429, "wherever that is");
    const elsewhere = await attempt("ada", password, "198.51.100.1");
    assert.equal(elsewhere.status, 200, "and her other devices are not kept out");
  });

  test("stays possible from the network of a session, after a restart too", async () => {
    await server.createUser("ivy", password);
    const at = (host: number) => `2001:db8:5:5::${host}`;
    assert.equal((await attempt("ivy", password, at(1))).status, 200);
    await server.end();
    await server.run();
    for (let i = 0, status = 0; status !== 429; i++) {
      assert.ok(i < 50, "the account as a whole is guarded");
      ({ status } = await attempt("ivy", "wrong", `203.0.113.${i}`));
    }
    assert.equal((await attempt("ivy", password, at(2))).status, 200, "another address of the /64");
  });
});

const redis = process.env["WEBPLUS_TEST_REDIS"];
const folder = process.env["WEBPLUS_TEST_REDIS_FOLDER"];
const tool = path.resolve(import.meta.dirname, "../../tools/redis");
const control = (word: string) => promisify(execFile)(tool, [word, folder!]);

describe("two servers that share a Redis", { skip: redis === undefined }, () => {
  const setup = "/api/v1/setup";
  let first: Client;
  let second: Client;
  const servers: Server[] = [];

  before(async () => {
    const env = {
      ...limited,
      WEBPLUS_MASTER_KEY: randomBytes(32).toString("hex"), // one installation
      WEBPLUS_REDIS_URL: redis!,
      WEBPLUS_RATE_READ: "20",
      WEBPLUS_RATE_ADDRESS_FACTOR: "1",
    };
    for (let i = 0; i < 2; i++) servers.push(await Server.start({ env }));
    [first, second] = servers.map((server) => new Client(server.url, contract)) as [Client, Client];
    // Until both are connected, each counts for itself.
    for (let left = 19, i = 1; left > 18; i++) {
      const both = [first, second].map((client) => from(client, `198.51.100.${i}`, setup));
      const replies = await Promise.all(both);
      left = Math.min(...replies.map((one) => Number(one.headers.get("x-ratelimit-remaining"))));
    }
  });
  after(async () => {
    await control("start").catch(() => {}); // for the tests that follow
    for (const server of servers) await server.remove();
  });

  const timeouts = async (): Promise<number> => {
    const each = servers.map((server) => metric(server, "webplus_redis_timeouts_total"));
    return (await Promise.all(each)).reduce((sum, count) => sum + count);
  };

  /** Where Redis was too slow for them each counted for itself, as it is to: then once more, for somebody else. */
  function together(name: string, check: (attempt: number) => Promise<void>): void {
    test(name, async () => {
      for (let attempt = 1; ; attempt++) {
        const before = await timeouts();
        try {
          return await check(attempt);
        } catch (error) {
          if (attempt === 5 || (await timeouts()) === before) throw error;
        }
      }
    });
  }

  const race = async (address: string): Promise<number> => {
    const both = [first, second].map((client) =>
      answered(200, 50, () => from(client, address, setup)),
    );
    return (await Promise.all(both)).reduce((sum, count) => sum + count);
  };

  together("count together, raced from a hundred connections", async (attempt) => {
    const began = Date.now();
    assertQuota(await race(`198.18.${attempt}.77`), 20, began);
  });

  test("leave no address there, and nobody's id", async () => {
    const [server] = servers as [Server, Server];
    await server.createUser("ida", password);
    const ida = new Client(server.url, contract);
    await ida.signIn("ida", password);
    assert.equal((await from(ida, "192.0.2.76")).status, 200);
    const { stdout } = await promisify(execFile)("redis-cli", ["-u", redis!, "--scan"]);
    const names = stdout.split("\n").filter((name) => name.includes("rate:"));
    assert.ok(names.length >= 2, stdout);
    for (const name of names) assert.match(name, /:rate:[0-9a-f]{48}$/);
  });

  together("count guesses of a password together", async (attempt) => {
    let next = 0;
    const raced = `raced-${attempt}`;
    const many = `many-${attempt}`;
    const someone = () => guess(servers[next++ % 2]!, `someone-${attempt}`, "wrong", "192.0.2.90");
    for (let i = 0; i < 6; i++) assert.equal((await someone()).status, 401);
    await untilRefused(someone);
    const began = Date.now();
    const both = servers.map((server) =>
      answered(401, 50, () => guess(server, raced, "wrong", "192.0.2.91")),
    );
    const all = (await Promise.all(both)).reduce((sum, count) => sum + count);
    assert.ok(all >= 6 && all <= guessesSince(began), String(all));
    for (let i = 0, refused = false; !refused; i++) {
      assert.ok(i < 40, "the account as a whole is guarded by both");
      refused = (await guess(servers[i % 2]!, many, "wrong", `203.0.113.${i}`)).status === 429;
    }
  });

  test("do not count what all of them refuse", async () => {
    const [one, other] = servers as [Server, Server];
    for (let i = 0; i < 6; i++) await guess(one, "patient", "wrong", "192.0.2.93");
    const until = Date.now() + 20_000;
    for (let status = 429; status !== 401;) {
      assert.ok(Date.now() < until, "the wait is a second, however often one asks");
      ({ status } = await guess(other, "patient", "wrong", "192.0.2.93"));
    }
  });

  test("do not last longer where the clock of Redis goes back", async () => {
    const [one, other] = servers as [Server, Server];
    const address = "192.0.2.94";
    await untilRefused(() => guess(one, "timely", "wrong", address));
    assert.equal((await from(first, address, setup)).status, 200);
    const ahead =
      "for _, key in ipairs(redis.call('KEYS', '*')) do local kind = redis.call('TYPE', key).ok " +
      "if kind == 'hash' then redis.call('HINCRBY', key, 'free', 3600000000) " +
      "elseif key:find(':rate:') then redis.call('INCRBY', key, 3600000000) end end";
    await promisify(execFile)("redis-cli", ["-u", redis!, "EVAL", ahead, "0"]);
    assert.equal((await from(first, address, setup)).status, 200);
    assert.equal((await guess(other, "timely", "wrong", address)).status, 401);
  });

  test("forget on all of them the guesses of who knows the password", async () => {
    const [one, other] = servers as [Server, Server];
    await one.createUser("eve", password);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2; i++) {
        assert.equal((await guess(one, "eve", "wrong", "192.0.2.92")).status, 401);
        assert.equal((await guess(other, "eve", "wrong", "192.0.2.92")).status, 401);
      }
      assert.equal((await guess(one, "eve", password, "192.0.2.92")).status, 200);
    }
  });

  test("count for themselves when it is gone, hung or back again, and never not at all", async () => {
    await control("hang");
    let began = Date.now();
    assertQuota((await race("192.0.2.78")) / 2, 20, began);
    await control("resume");
    await control("kill");
    began = Date.now();
    assertQuota((await race("192.0.2.79")) / 2, 20, began);
    const metrics = await (await fetch(`${servers[0]!.url}/metrics`)).text();
    assert.match(metrics, /webplus_rate_limit_unshared_total [1-9]/);
  });
});
