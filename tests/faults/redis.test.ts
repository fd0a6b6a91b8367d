/*
 * Redis stopped, killed, hung and started again under load, with two servers on one PostgreSQL: no request fails for it, and
 * nobody sees what is old. What a Redis that is away costs: a read the time until it is found out, once; a write, until
 * the other servers have been told, at most the lease of a second and what telling takes. Needs tools/with-postgres and
 * tools/with-redis.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { Client } from "../api/lib/client.ts";
import { Consistency, metric } from "../api/lib/consistency.ts";
import { Contract } from "../api/lib/contract.ts";
import { type Database, freshDatabase, query } from "../api/lib/postgres.ts";
import { Proxy } from "../api/lib/proxy.ts";
import { Server } from "../api/lib/server.ts";

const folder = process.env["WEBPLUS_TEST_REDIS_FOLDER"];
const onPostgres = process.env["WEBPLUS_TEST_POSTGRES"] !== undefined;
const password = "correct horse battery";
/** On a busy machine; alone it is a tenth of that. */
const readWithinMs = 1_500;
const writeWithinMs = 4_000;
const limitMs = 60_000;
/** Of a server that may take five for what is under way. */
const stopWithinMs = 15_000;

async function redis(command: "start" | "stop" | "kill" | "hang" | "resume"): Promise<void> {
  const tool = path.resolve(import.meta.dirname, "../../tools/redis");
  await promisify(execFile)(tool, [command, folder!]);
}

/** As a replica it answers, and takes no writes. */
async function refuseWrites(refuse: boolean): Promise<void> {
  const { port } = new URL(process.env["WEBPLUS_TEST_REDIS"]!);
  const of = refuse ? ["127.0.0.1", "1"] : ["no", "one"];
  await promisify(execFile)("redis-cli", ["-p", port, "replicaof", ...of]);
}

async function postgres(command: "start" | "kill"): Promise<void> {
  const tool = path.resolve(import.meta.dirname, "../../tools/postgres");
  await promisify(execFile)(tool, [command, process.env["WEBPLUS_TEST_POSTGRES_FOLDER"]!]);
}

describe("Redis goes away", { skip: folder === undefined || !onPostgres }, () => {
  const servers: Server[] = [];
  let database: Database;
  let contract: Contract;

  before(async () => {
    database = (await freshDatabase())!;
    const env = { WEBPLUS_DATABASE_URL: database.url, WEBPLUS_MASTER_KEY: "c5".repeat(32) };
    for (let i = 0; i < 2; i++) servers.push(await Server.start({ env }));
    const url = `${servers[0]!.url}/api/v1/openapi.json`;
    contract = new Contract(await (await fetch(url)).json());
    for (const name of ["one", "two", "three", "four"])
      await servers[0]!.createUser(name, password);
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.remove()));
    await database.drop();
  });

  const hits = (server: Server): Promise<number> =>
    metric(server, 'webplus_cache_hits_total{kind="personal"}');

  /** Load that goes on until every server has answered from memory. */
  async function answersFromMemory(load: Consistency, on: Server[]): Promise<void> {
    for (const server of on) {
      const before = await hits(server);
      while ((await hits(server)) === before) await load.more(50, 1);
    }
  }

  async function begin(users: string[], on: Server[]): Promise<Consistency> {
    const load = new Consistency();
    for (const name of users) await load.add(name, password, on, contract);
    load.start();
    return load;
  }

  async function end(load: Consistency): Promise<string> {
    await load.stop();
    const summary =
      `CACHE_SEED=${load.seed}: ${load.reads} reads, ${load.writes} writes, ` +
      `the slowest ${load.slowestReadMs.toFixed(0)} and ${load.slowestWriteMs.toFixed(0)} ms`;
    assert.ok(load.slowestReadMs < readWithinMs, summary);
    assert.ok(load.slowestWriteMs < writeWithinMs, summary);
    return summary;
  }

  async function underLoad(act: (load: Consistency) => Promise<void>): Promise<string> {
    const load = await begin(["one", "two", "three"], servers);
    await answersFromMemory(load, servers);
    await act(load);
    await answersFromMemory(load, servers);
    return end(load);
  }

  const faults = {
    "killed, and started again": ["kill", "start"],
    "hung, and goes on": ["hang", "resume"],
  } as const;

  for (const [what, [away, back]] of Object.entries(faults))
    test(
      `${what}: under load, nothing fails and nothing is old`,
      { timeout: limitMs },
      async (t) => {
        t.diagnostic(
          await underLoad(async (load) => {
            await redis(away);
            await load.more(300, 60);
            await redis(back);
          }),
        );
      },
    );

  test("refuses writes: nothing is old, and it is logged once", { timeout: limitMs }, async (t) => {
    const saidOnce = async (word: string): Promise<void> => {
      const isIt = (line: string): boolean => line.includes(`what the cache writes${word}`);
      await servers[0]!.printed(isIt);
      assert.equal(servers[0]!.output.filter(isIt).length, 1, word);
    };
    t.diagnostic(
      await underLoad(async (load) => {
        await refuseWrites(true);
        await load.more(300, 60);
        await refuseWrites(false);
      }),
    );
    await saidOnce(`","reason":"READONLY`);
    await saidOnce(" again");
  });

  /** The median of some writes, one after the other. */
  async function writeMs(client: Client): Promise<number> {
    const { id } = await client.conversation();
    const times: number[] = [];
    for (let i = 0; i < 30; i++) {
      const begin = performance.now();
      await client.expect(200, "PATCH", `/api/v1/conversations/${id}`, { body: { title: `${i}` } });
      times.push(performance.now() - begin);
    }
    return times.sort((a, b) => a - b)[15]!;
  }

  /** It was asked in vain, and the others know: nothing is left to wait for. */
  test("refuses writes: they are hardly slower for it", { timeout: limitMs }, async (t) => {
    const client = new Client(servers[0]!.url, contract);
    await client.signIn("four", password);
    let slower = Infinity;
    // A machine that is busy may blur one round; a wait would show in all.
    for (let round = 0; round < 4 && slower > 20; round++) {
      const taken = await writeMs(client);
      await refuseWrites(true);
      try {
        await client.conversation(); // waits until the other server knows
        const refused = await writeMs(client);
        t.diagnostic(`${taken.toFixed(1)} ms, and ${refused.toFixed(1)} ms when refused`);
        slower = refused - taken;
      } finally {
        await refuseWrites(false);
      }
    }
    assert.ok(slower <= 20, `${slower} ms slower when refused`);
  });

  /** It writes without Redis while the other one trusts what it holds, until it is told. */
  /** One more server, which reaches Redis by a way of its own. */
  const startBy = (way: Proxy): Promise<Server> =>
    Server.start({
      env: {
        WEBPLUS_DATABASE_URL: database.url,
        WEBPLUS_MASTER_KEY: "c5".repeat(32),
        WEBPLUS_REDIS_URL: way.url,
      },
    });

  for (const [what, state] of [
    ["cut off", "cut"],
    ["left without an answer", "frozen"],
  ] as const)
    test(
      `one server alone is ${what}: nothing is old on either`,
      { timeout: 2 * limitMs },
      async (t) => {
        const way = await Proxy.start(process.env["WEBPLUS_TEST_REDIS"]!);
        const apart = await startBy(way);
        try {
          // One user, so that the way is not too slow for the patience with Redis.
          const load = await begin(["one"], [servers[0]!, apart]);
          await answersFromMemory(load, [servers[0]!]);
          await way.set(state);
          await load.more(300, 60);
          assert.equal(await metric(apart, "webplus_redis_up"), 0);
          // On a busy machine it may lose it for a moment.
          while ((await metric(servers[0]!, "webplus_redis_up")) !== 1);
          await way.set("open");
          await load.more(300, 60);
          t.diagnostic(await end(load));
        } finally {
          await apart.remove();
          await way.end();
        }
      },
    );

  /** The page hears of it where it was written, and fetches it from another server, which was not told by Redis. */
  for (const [what, state] of [
    ["cut off", "cut"],
    ["left without an answer", "frozen"],
  ] as const)
    test(
      `one server alone is ${what}: who hears of a change finds it`,
      { timeout: limitMs },
      async () => {
        const way = await Proxy.start(process.env["WEBPLUS_TEST_REDIS"]!);
        const apart = await startBy(way);
        try {
          const [here, there] = [servers[0]!, apart].map(({ url }) => new Client(url, contract));
          for (const client of [here!, there!]) await client.signIn("four", password);
          const { id } = await here!.conversation({ title: "Before" });
          const path = `/api/v1/conversations/${id}`;
          const socket = await there!.webSocket();
          socket.send({ type: "subscribe", topic: "conversations" });
          await socket.nextOf("subscribed");
          for (let held = await hits(servers[0]!); (await hits(servers[0]!)) === held;)
            await here!.get(path);
          await way.set(state);
          const titles = ["One", "Two", "Three"];
          const writes = titles.map((title) =>
            there!.expect(200, "PATCH", path, { body: { title } }),
          );
          const heard: string[] = [];
          while (heard.length < titles.length) {
            heard.push((await socket.nextOf("conversation")).conversation.title);
            assert.notEqual((await here!.get(path)).title, "Before");
          }
          assert.deepEqual([...heard].sort(), [...titles].sort());
          await Promise.all(writes);
          assert.equal((await here!.get(path)).title, heard.at(-1), "in their order");
          await socket.close();
        } finally {
          await apart.remove();
          await way.end();
        }
      },
    );

  test("killed again and again under load", { timeout: limitMs }, async (t) => {
    t.diagnostic(
      await underLoad(async (load) => {
        for (let i = 0; i < 5; i++) {
          await redis("kill");
          await load.more(20, 5);
          await redis("start");
          await load.more(20, 5);
        }
      }),
    );
  });

  /** A write that was committed, and is not acknowledged yet, since the others do not know: what becomes of it. */
  async function heldWrite(client: Client): Promise<{ status: Promise<number> }> {
    const count = "SELECT count(*) FROM conversation";
    const before = await query(database.url, count);
    const status = client
      .call("POST", "/api/v1/conversations", { body: { title: "Held" } })
      .then((reply) => reply.status)
      .catch(() => 0);
    while ((await query(database.url, count)) === before);
    return { status };
  }

  /** From now on no server can tell the others anything through the database. It ends with that. */
  async function silence(): Promise<void> {
    const lock = "LOCK TABLE rights_change IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(60)";
    void query(database.url, `BEGIN; ${lock}`).catch(() => {});
    const held =
      "SELECT count(*) FROM pg_locks WHERE relation = 'rights_change'::regclass AND granted " +
      "AND mode = 'ShareRowExclusiveLock'";
    while ((await query(database.url, held)) === "0");
  }

  /** A server of its own, which is told to stop while it holds a write. */
  async function stoppedWhileHolding(
    before: () => Promise<void>,
    whatElse: () => Promise<void>,
  ): Promise<number> {
    const env = {
      WEBPLUS_DATABASE_URL: database.url,
      WEBPLUS_MASTER_KEY: "c5".repeat(32),
      WEBPLUS_DRAIN_SECONDS: "5",
      WEBPLUS_DATABASE_ANSWER_MS: "1000",
    };
    const server = await Server.start({ env });
    const client = new Client(server.url, contract);
    await client.signIn("one", password);
    await before();
    await redis("hang");
    const { status } = await heldWrite(client);
    await whatElse();
    const begin = performance.now();
    const { code } = await server.end("SIGTERM");
    assert.equal(code, 0, server.tail());
    assert.ok(performance.now() - begin < stopWithinMs);
    return status;
  }

  test(
    "a server is stopped with it: what it holds is acknowledged",
    { timeout: limitMs },
    async () => {
      const nothing = async () => {};
      const status = await stoppedWhileHolding(nothing, nothing);
      await redis("resume");
      assert.equal(status, 201);
    },
  );

  test("stopped with the database too: it is not acknowledged", { timeout: limitMs }, async () => {
    const status = await stoppedWhileHolding(silence, () => postgres("kill"));
    await postgres("start");
    await redis("resume");
    assert.equal(status, 0);
  });

  test("away from the start: a server answers without it", { timeout: limitMs }, async () => {
    await redis("stop");
    const env = { WEBPLUS_DATABASE_URL: database.url, WEBPLUS_MASTER_KEY: "c5".repeat(32) };
    const late = await Server.start({ env });
    try {
      const client = new Client(late.url, contract);
      await client.signIn("one", password);
      const { id } = await client.conversation({ title: "Without" });
      assert.equal((await client.get(`/api/v1/conversations/${id}`)).title, "Without");
      assert.equal(await metric(late, "webplus_redis_up"), 0);
    } finally {
      await late.remove();
      await redis("start");
    }
  });
});
