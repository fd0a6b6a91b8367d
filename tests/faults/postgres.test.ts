/*
 * PostgreSQL killed, or stopped where it stands, under load: clients are told to come again within a bounded time, the
 * server finds it again by itself, what was acknowledged is there, and what was refused is not, but where the refusal says
 * that this is not known. Needs tools/with-postgres.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { Client } from "../api/lib/client.ts";
import { metric } from "../api/lib/consistency.ts";
import { Contract } from "../api/lib/contract.ts";
import { query } from "../api/lib/postgres.ts";
import { Server } from "../api/lib/server.ts";
import type { Conversation, Message } from "../api/lib/types.ts";
import { test } from "../api/lib/test.ts";

const rounds = process.env["SOAK"] === "1" ? 100 : 3;
const folder = process.env["WEBPLUS_TEST_POSTGRES_FOLDER"];
const writers = 8;
const backWithinMs = 5_000;
/** No request may hang on a database that is gone. */
const refusalWithinMs = 3_000;
/** Nor on one that is silent: an answer is waited for, a connection that is checked, and one that is opened. */
const silence = { WEBPLUS_DATABASE_ANSWER_MS: "1000", WEBPLUS_DATABASE_CHECKOUT_MS: "1000" };
const silentRefusalWithinMs = 6_000;
const stopWithinMs = 4_000;
/** For so long a refresh token that was used gets the same successor. */
const graceMs = 10_000;
const ada = { username: "ada", email: "ada@example.org", password: "correct horse battery" };

async function postgres(command: "start" | "kill" | "pause" | "resume"): Promise<void> {
  const tool = path.resolve(import.meta.dirname, "../../tools/postgres");
  await promisify(execFile)(tool, [command, folder!]);
}

/** Waits for it without asking again and again: whoever changes something calls `look`. */
class Moment {
  readonly reached: Promise<void>;
  readonly #condition: () => boolean;
  #resolve: () => void = () => {};

  constructor(condition: () => boolean) {
    this.#condition = condition;
    this.reached = new Promise((resolve) => (this.#resolve = resolve));
  }

  look(): void {
    if (this.#condition()) this.#resolve();
  }
}

/** Writers that never stop, and what became of each write. */
class Load {
  readonly acknowledged: string[] = [];
  /** What may have been done or not. */
  readonly unconfirmed: string[] = [];
  refused = 0;
  slowestRefusalMs = 0;
  #stopped = false;
  readonly #client: Client;
  #next = 0;
  readonly name = randomUUID();
  readonly #moments = new Set<Moment>();
  readonly #writers: Promise<void>[];

  constructor(client: Client) {
    this.#client = client;
    this.#writers = Array.from({ length: writers }, () => this.#write());
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const begin = performance.now();
      const title = `${this.name} ${this.#next++}`;
      const reply = await this.#client.call("POST", "/api/v1/conversations", { body: { title } });
      if (reply.status === 201) {
        this.acknowledged.push(title);
      } else {
        assert.equal(reply.status, 503, reply.text);
        assert.equal(reply.headers.get("retry-after"), "1");
        this.slowestRefusalMs = Math.max(this.slowestRefusalMs, performance.now() - begin);
        if ((reply.json as { code: string }).code === "unconfirmed") this.unconfirmed.push(title);
        this.refused++;
      }
      for (const moment of this.#moments) moment.look();
    }
  }

  async until(condition: () => boolean): Promise<void> {
    const moment = new Moment(condition);
    this.#moments.add(moment);
    moment.look();
    await Promise.race([moment.reached, Promise.all(this.#writers)]);
    this.#moments.delete(moment);
  }

  more(count: number): Promise<void> {
    const goal = this.acknowledged.length + count;
    return this.until(() => this.acknowledged.length >= goal);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#writers);
  }
}

/** The titles of all of somebody's conversations. */
async function titles(client: Client): Promise<string[]> {
  const all: string[] = [];
  for (let cursor = ""; ;) {
    const page: { items: Conversation[]; next_cursor: string | null } = await client.get(
      `/api/v1/conversations?limit=100${cursor && `&cursor=${cursor}`}`,
    );
    all.push(...page.items.map(({ title }) => title));
    if (page.next_cursor === null) return all;
    cursor = page.next_cursor;
  }
}

/** Everything that was acknowledged is there, and nothing that was refused for sure. */
async function checkKept(client: Client, load: Load): Promise<void> {
  const kept = new Set(await titles(client));
  assert.deepEqual(
    load.acknowledged.filter((title) => !kept.has(title)),
    [],
  );
  const known = new Set([...load.acknowledged, ...load.unconfirmed]);
  assert.deepEqual(
    [...kept].filter((title) => title.startsWith(load.name) && !known.has(title)),
    [],
  );
}

/** Whether it is ready is found anew after a second at most. */
async function answersReady(client: Client, status: number): Promise<void> {
  const limit = performance.now() + refusalWithinMs + silentRefusalWithinMs;
  while ((await client.call("GET", "/api/v1/ready")).status !== status)
    assert.ok(performance.now() < limit, `/ready does not answer ${status}`);
}

async function signedIn(server: Server): Promise<Client> {
  const contract = new Contract(await (await fetch(`${server.url}/api/v1/openapi.json`)).json());
  const client = new Client(server.url, contract);
  client.takeSession(
    await client.call("POST", "/api/v1/setup", { body: { ...ada, token: server.setupToken } }),
  );
  return client;
}

describe("PostgreSQL hangs", { skip: folder === undefined }, () => {
  let server: Server;
  let client: Client;

  beforeEach(async () => {
    server = await Server.start({ env: silence });
    client = await signedIn(server);
  });
  afterEach(async () => {
    await postgres("resume");
    await server.remove();
  });

  for (let round = 1; round <= rounds; round++)
    test(`round ${round}: each request is answered, and all goes on when it does`, async (context) => {
      const load = new Load(client);
      await load.more(50);
      await postgres("pause");
      const refusedBefore = load.refused;
      await load.until(() => load.refused >= refusedBefore + 2 * writers);
      await answersReady(client, 503);
      assert.equal((await client.call("GET", "/api/v1/health")).status, 200);
      assert.ok(load.slowestRefusalMs < silentRefusalWithinMs, `${load.slowestRefusalMs} ms`);

      await postgres("resume");
      const resumed = performance.now();
      await load.more(1);
      const back = performance.now() - resumed;
      assert.ok(back < backWithinMs, `back after ${back} ms`);
      await load.more(50);
      await load.stop();
      await checkKept(client, load);
      context.diagnostic(
        `${load.acknowledged.length} acknowledged, ${load.refused} refused, of which ${load.unconfirmed.length} unconfirmed; ` +
          `slowest ${load.slowestRefusalMs.toFixed(0)} ms, back in ${back.toFixed(0)} ms`,
      );
    });

  test("and the server can be stopped meanwhile", async (context) => {
    await postgres("pause");
    const reads = Array.from({ length: writers }, () =>
      client.call("GET", "/api/v1/conversations"),
    );
    for (const { status } of await Promise.all(reads)) assert.equal(status, 503);
    const begin = performance.now();
    await server.end("SIGTERM");
    const took = performance.now() - begin;
    assert.ok(took < stopWithinMs, `stopped after ${took} ms`);
    context.diagnostic(`stopped in ${took.toFixed(0)} ms`);
  });
});

test(
  "an answer under way does not keep a server from stopping",
  { skip: folder === undefined },
  async (context) => {
    const env = { ...silence, WEBPLUS_DRAIN_SECONDS: "1", WEBPLUS_GUIDE_WORDS_PER_SECOND: "10" };
    const server = await Server.start({ env });
    const client = await signedIn(server);
    const { assistant_message } = await client.send(
      await client.conversation(),
      "How do I install Web+?",
    );
    for await (const { event } of client.events(assistant_message.id)) if (event === "delta") break;
    await postgres("kill");
    const begin = performance.now();
    const { code } = await server.end("SIGTERM");
    const took = performance.now() - begin;
    await postgres("start");
    assert.equal(code, 0, server.tail());
    assert.ok(took < 1_000 + stopWithinMs, `stopped after ${took} ms`);
    await server.run();
    const again = new Client(server.url, client.contract);
    await again.signIn(ada.username, ada.password);
    const message = await again.message(assistant_message.id);
    assert.equal(message.status, "interrupted");
    assert.ok(message.content.length > 0);
    await server.remove();
    context.diagnostic(`stopped in ${took.toFixed(0)} ms`);
  },
);

describe("PostgreSQL goes away", { skip: folder === undefined }, () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await Server.start({ env: { WEBPLUS_GUIDE_WORDS_PER_SECOND: "60" } });
    client = await signedIn(server);
  });
  after(() => server.remove());

  for (let round = 1; round <= rounds; round++)
    test(`round ${round}: under writes, none that was acknowledged is lost`, async (context) => {
      const load = new Load(client);
      await load.more(50);
      await postgres("kill");
      const refusedBefore = load.refused;
      await load.until(() => load.refused >= refusedBefore + writers);
      await answersReady(client, 503);
      assert.equal((await client.call("GET", "/api/v1/health")).status, 200);

      await postgres("start");
      const started = performance.now();
      await load.more(1);
      const back = performance.now() - started;
      assert.ok(back < backWithinMs, `back after ${back} ms`);
      await load.more(50);
      await load.stop();

      assert.ok(load.slowestRefusalMs < refusalWithinMs, `${load.slowestRefusalMs} ms`);
      await checkKept(client, load);
      await answersReady(client, 200);
      context.diagnostic(
        `${load.acknowledged.length} acknowledged, ${load.refused} refused, back in ${back.toFixed(0)} ms`,
      );
    });

  /** Without Redis, what a write waits for, the others' knowing of it, goes through the database. */
  test("for long: a write is refused at once", async () => {
    const alone = await Server.start({ env: { WEBPLUS_REDIS_URL: "" } });
    try {
      const ada = await signedIn(alone);
      await ada.conversation(); // so that her token is known, which is looked up there too
      await postgres("kill");
      await answersReady(ada, 503);
      const killed = performance.now();
      while (performance.now() - killed < 4_000) {
        const begin = performance.now();
        const body = { title: "Refused" };
        const reply = await ada.call("POST", "/api/v1/conversations", { body });
        assert.equal(reply.status, 503);
        const took = performance.now() - begin;
        assert.ok(took < refusalWithinMs, `${took} ms`);
      }
    } finally {
      await postgres("start");
      await alone.remove();
    }
    await answersReady(client, 200);
  });

  test("in the middle of an answer, which goes on when it is back", async () => {
    const conversation = await client.conversation();
    const { assistant_message } = await client.send(conversation, "How do I install Web+?");
    const seen: { seq: number; text: string }[] = [];
    let message: Message | undefined;
    let mended: Promise<void> | undefined;
    for await (const event of client.events(assistant_message.id)) {
      if (event.event === "done") message = JSON.parse(event.data) as Message;
      else seen.push(JSON.parse(event.data) as { seq: number; text: string });
      if (seen.length === 5) mended ??= postgres("kill").then(() => postgres("start"));
    }
    await mended;
    assert.equal(message?.status, "complete");
    assert.equal(seen.map((delta) => delta.text).join(""), message.content);
    assert.deepEqual(
      seen.map((delta) => delta.seq),
      Array.from({ length: message.seq }, (_, i) => i + 1),
    );
    assert.deepEqual(await client.message(assistant_message.id), message);
  });
});

/** It writes nothing down for as long as no standby has it, and answers reads as ever. */
describe(
  "PostgreSQL does not say whether it has committed",
  { skip: folder === undefined || process.env["WEBPLUS_TEST_REDIS"] === undefined },
  () => {
    const url = process.env["WEBPLUS_TEST_POSTGRES"]!;
    let server: Server;
    let client: Client;

    async function configure(change: string): Promise<void> {
      await query(url, `ALTER SYSTEM ${change}`);
      await query(url, "SELECT pg_reload_conf()");
    }

    before(async () => {
      server = await Server.start({ env: silence });
      client = await signedIn(server);
    });
    after(async () => {
      await configure("RESET synchronous_standby_names");
      await server.remove();
    });

    test("and does later: what was read meanwhile is not shown for long", async () => {
      const { id } = await client.conversation({ title: "Before" });
      const path = `/api/v1/conversations/${id}`;
      const hits = () => metric(server, 'webplus_cache_hits_total{kind="personal"}');
      for (const held = await hits(); (await hits()) === held;) await client.get(path);

      await configure("SET synchronous_standby_names = 'nobody'");
      let refused: string | undefined;
      for (let i = 0; refused === undefined; i++) {
        const title = `After ${i}`;
        const reply = await client.call("PATCH", path, { body: { title } });
        if (reply.status === 200) continue; // it has not read its settings yet
        assert.equal((reply.json as { code: string }).code, "unconfirmed");
        refused = title;
      }
      assert.ok((await metric(server, "webplus_cache_unsettled_writes")) > 0);
      for (const held = await hits(); (await hits()) === held;)
        assert.notEqual((await client.get(path)).title, refused);

      await configure("RESET synchronous_standby_names");
      const begin = performance.now();
      // One may be read past the cache, which shows nothing of what that holds.
      for (let found = 0; found < 50;) {
        found = (await client.get(path)).title === refused ? found + 1 : 0;
        assert.ok(performance.now() - begin < backWithinMs, "it shows what was there before");
      }
    });

    test("of a session that is renewed: asked for again, it goes on", async () => {
      const renew = () =>
        client.call("POST", "/api/v1/auth/refresh", { headers: { cookie: client.cookie } });
      await configure("SET synchronous_standby_names = 'nobody'");
      let reply = await renew();
      for (; reply.status === 200; reply = await renew()) client.takeSession(reply);
      assert.equal((reply.json as { code: string }).code, "unconfirmed");
      await configure("RESET synchronous_standby_names");

      await sleep(graceMs + 1_000);
      reply = await renew();
      assert.equal(reply.status, 200, reply.text);
      client.takeSession(reply);
      await client.get("/api/v1/auth/me");
    });
  },
);
