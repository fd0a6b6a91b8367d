/* An installation that moves from one database to another, and several servers on one. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import { type Database, freshDatabase, query } from "./lib/postgres.ts";
import { Server } from "./lib/server.ts";
import type { Conversation, Message } from "./lib/types.ts";
import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const ada = { username: "ada", email: "ada@example.org", password: "correct horse battery" };
const masterKey = "5e".repeat(32);
const onPostgres = process.env["WEBPLUS_TEST_POSTGRES"] !== undefined;

async function signIn(server: Server): Promise<Client> {
  const client = new Client(server.url, contract);
  if (server.setupToken === "") await client.signIn(ada.username, ada.password);
  else
    client.takeSession(
      await client.call("POST", "/api/v1/setup", { body: { ...ada, token: server.setupToken } }),
    );
  return client;
}

describe("db copy", () => {
  let folder: string;
  let conversation: Conversation;
  let messages: Message[];
  let database: Database | undefined;

  const sqlite = (name: string): string => `sqlite:${path.join(folder, name)}.db`;
  const env = (url: string): Record<string, string> => ({
    WEBPLUS_DATABASE_URL: url,
    WEBPLUS_MASTER_KEY: masterKey,
    WEBPLUS_GUIDE_WORDS_PER_SECOND: "5000",
  });

  /** What a server on the database has to show. */
  async function serves(url: string): Promise<void> {
    const server = await Server.start({ env: env(url) });
    try {
      const client = await signIn(server);
      assert.deepEqual(await client.get(`/api/v1/conversations/${conversation.id}`), conversation);
      assert.deepEqual((await client.messages(conversation)).items, messages);
    } finally {
      await server.remove();
    }
  }

  async function copy(from: string, to: string, key = masterKey) {
    const server = await Server.start({ env: env(sqlite("unused")) });
    try {
      server.env["WEBPLUS_MASTER_KEY"] = key;
      return await server.command([
        ...["db", "copy", "--data", server.data],
        ...["--from", from, "--to", to],
      ]);
    } finally {
      await server.remove();
    }
  }

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "webplus-copy-"));
    database = await freshDatabase();
    const server = await Server.start({ env: env(sqlite("first")) });
    const client = await signIn(server);
    conversation = await client.conversation({ title: "Moves with us" });
    const { assistant_message } = await client.send(conversation, "How do I install Web+?");
    await client.finished(assistant_message.id);
    conversation = await client.get(`/api/v1/conversations/${conversation.id}`);
    messages = (await client.messages(conversation)).items;
    await server.remove();
  });
  after(async () => {
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  test("takes everything along, table by table, and says so", async () => {
    const { code, output } = await copy(sqlite("first"), sqlite("second"));
    assert.equal(code, 0, output);
    assert.match(output, /^conversation +1 rows, verified$/m);
    assert.match(output, /^message +2 rows, verified$/m);
    await serves(sqlite("second"));
  });

  test("refuses a database that holds something", async () => {
    const { code, output } = await copy(sqlite("first"), sqlite("second"));
    assert.equal(code, 1);
    assert.match(output, /holds rows already/);
  });

  test("refuses another master key, and a source that is not there", async () => {
    const other = await copy(sqlite("first"), sqlite("third"), "ab".repeat(32));
    assert.equal(other.code, 1);
    assert.match(other.output, /master key/);
    const nothing = await copy(sqlite("nothing"), sqlite("third"));
    assert.equal(nothing.code, 1);
    assert.match(nothing.output, /there is no database to read/);
  });

  test("leads to PostgreSQL and back", { skip: !onPostgres }, async () => {
    const there = await copy(sqlite("first"), database!.url);
    assert.equal(there.code, 0, there.output);
    await serves(database!.url);
    const back = await copy(database!.url, sqlite("back"));
    assert.equal(back.code, 0, back.output);
    await serves(sqlite("back"));
  });
});

describe("several servers on one PostgreSQL", { skip: !onPostgres }, () => {
  let database: Database;
  let servers: Server[];

  const start = (): Promise<Server> =>
    Server.start({
      env: {
        WEBPLUS_DATABASE_URL: database.url,
        WEBPLUS_MASTER_KEY: masterKey,
        WEBPLUS_GUIDE_WORDS_PER_SECOND: "100",
      },
    });

  before(async () => {
    database = (await freshDatabase())!;
    servers = await Promise.all([start(), start(), start()]);
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.remove()));
    await database.drop();
  });

  test("may start at once on an empty database", async () => {
    assert.equal(await query(database.url, "SELECT count(*) FROM installation"), "1");
    assert.equal(await query(database.url, "SELECT count(*) FROM node"), "3");
  });

  test("leave each other's answers alone, and read what another one wrote", async () => {
    const client = await signIn(servers[0]!);
    const conversation = await client.conversation();
    const { assistant_message } = await client.send(conversation, "How do I install Web+?");
    const newcomer = await start();
    servers.push(newcomer);
    const message = await client.finished(assistant_message.id);
    assert.equal(message.status, "complete");
    const other = new Client(newcomer.url, contract);
    await other.signIn(ada.username, ada.password);
    assert.deepEqual(await other.message(message.id), message);
  });

  test("one that starts again keeps its name and ends its own former run", async () => {
    await servers[1]!.end("SIGKILL");
    await servers[1]!.run();
    assert.equal(await query(database.url, "SELECT max(epoch) FROM node"), "2");
    assert.equal(await query(database.url, "SELECT count(*) FROM node"), "4");
  });
});

describe("a change of rights on one server, seen on another", { skip: !onPostgres }, () => {
  const password = "plum orchard wheelbarrow";
  let database: Database;
  let here: Server;
  let there: Server;
  let administrator: Client;

  before(async () => {
    database = (await freshDatabase())!;
    const env = {
      WEBPLUS_DATABASE_URL: database.url,
      WEBPLUS_MASTER_KEY: masterKey,
      WEBPLUS_GUIDE_WORDS_PER_SECOND: "5",
      WEBPLUS_DRAIN_SECONDS: "1",
    };
    [here, there] = await Promise.all([Server.start({ env }), Server.start({ env })]);
    administrator = await signIn(here);
  });
  after(async () => {
    await Promise.all([here.remove(), there.remove()]);
    await database.drop();
  });

  /** How long the socket and the stream on the other server outlive what is done here, in ms. */
  async function outlived(username: string, act: (client: Client) => Promise<void>) {
    await here.createUser(username, password);
    const client = new Client(there.url, contract);
    await client.signIn(username, password);
    const conversation = await client.conversation();
    const { assistant_message } = await client.send(conversation, "How do I install Web+?");
    const socket = await client.webSocket();
    const stream = client.events(assistant_message.id);
    assert.equal((await stream.next()).value!.event, "delta");
    await act(client);
    const start = performance.now();
    const since = (): number => performance.now() - start;
    const streamEnded = (async () => {
      for await (const event of stream) assert.notEqual(event.event, "done");
      return since();
    })();
    assert.equal(await socket.closed(), 4401);
    const socketEnded = since();
    return { client, ms: Math.max(socketEnded, await streamEnded) };
  }

  test("takes its sockets and streams within a second", async (t) => {
    const taken: number[] = [];
    for (const name of ["first", "second", "third"]) {
      const { client, ms } = await outlived(name, async ({ session }) => {
        const body = { role: "viewer" };
        await administrator.expect(200, "PATCH", `/api/v1/users/${session!.user.id}`, { body });
      });
      await client.refused(403, "POST", "/api/v1/conversations", { body: {} });
      await client.get("/api/v1/conversations");
      taken.push(ms);
    }
    t.diagnostic(`after ${taken.map(Math.round).join(", ")} ms`);
    assert.ok(taken.sort((a, b) => a - b)[1]! <= 1000, `after ${taken} ms`);
  });

  /* Each follows at once on the one before: found by a look each half second, all but the first would take that long. */
  test("is told to it, and not left to its next look", async (t) => {
    const told: number[] = [];
    const sockets = [];
    for (const name of ["one", "two", "three", "four", "five"]) {
      await here.createUser(name, password);
      const client = new Client(there.url, contract);
      const { user } = await client.signIn(name, password);
      sockets.push({ user, socket: await client.webSocket() });
    }
    for (const { user, socket } of sockets) {
      const body = { role: "viewer" };
      await administrator.expect(200, "PATCH", `/api/v1/users/${user.id}`, { body });
      const start = performance.now();
      assert.equal(await socket.closed(), 4401);
      told.push(performance.now() - start);
    }
    t.diagnostic(`after ${told.map(Math.round).join(", ")} ms`);
    assert.ok(told.sort((a, b) => a - b)[2]! < 400, `after ${told} ms`);
  });

  test("ends the sessions there too", async () => {
    const { client } = await outlived("fourth", async ({ session }) => {
      await administrator.expect(204, "POST", `/api/v1/users/${session!.user.id}/end-sessions`);
    });
    await client.refused(401, "GET", "/api/v1/auth/me");
  });
});
