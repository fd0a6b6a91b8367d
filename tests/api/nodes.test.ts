/* Two servers on one PostgreSQL, which share what happens on topics through Redis. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { type Socket, createConnection } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import { metric } from "./lib/consistency.ts";
import { type Database, freshDatabase, query } from "./lib/postgres.ts";
import { Redis } from "./lib/redis.ts";
import { Server } from "./lib/server.ts";
import { test } from "./lib/test.ts";
import type { Conversation, Message } from "./lib/types.ts";
import type { WebSocketClient } from "./lib/websocket.ts";
import { contract } from "./lib/world.ts";

const ada = { username: "ada", email: "ada@example.org", password: "correct horse battery" };
const grace = { username: "grace", password: "staple horse battery" };
const onPostgres = process.env["WEBPLUS_TEST_POSTGRES"] !== undefined;

describe("two servers that share a PostgreSQL and a Redis", { skip: !onPostgres }, () => {
  let database: Database;
  let redis: Redis;
  let servers: Server[];
  let here: Client;
  let there: Client;

  const start = (data?: string): Promise<Server> =>
    Server.start({
      ...(data !== undefined && { data }),
      env: {
        WEBPLUS_DATABASE_URL: database.url,
        WEBPLUS_REDIS_URL: redis.url,
        WEBPLUS_MASTER_KEY: "5e".repeat(32),
        WEBPLUS_GUIDE_WORDS_PER_SECOND: "60",
      },
    });

  before(async () => {
    database = (await freshDatabase())!;
    redis = await Redis.start();
    servers = [await start()];
    here = new Client(servers[0]!.url, contract);
    here.takeSession(
      await here.call("POST", "/api/v1/setup", {
        body: { ...ada, token: servers[0]!.setupToken },
      }),
    );
    servers.push(await start());
    there = new Client(servers[1]!.url, contract);
    await there.signIn(ada.username, ada.password);
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.remove()));
    await redis.kill();
    await database.drop();
  });

  /** Until both servers have found Redis again. */
  async function bothAreUp(): Promise<void> {
    for (const { url } of servers)
      while (!/^webplus_redis_up 1$/m.test(await (await fetch(`${url}/metrics`)).text()));
  }

  /** Follows an answer to its end; numbers must come without a gap or a repetition. */
  async function follow(
    socket: WebSocketClient,
    id: string,
    onDelta: (seq: number) => Promise<void> | void = () => {},
  ): Promise<{ text: string; status: string; content: string }> {
    socket.send({ type: "subscribe", topic: `message:${id}`, seq: 0 });
    let text = "";
    for (let seq = 0; ;) {
      const event = await socket.next();
      if (event.type === "delta") {
        assert.equal(event.seq, ++seq);
        text += event.text;
        await onDelta(seq);
      }
      if (event.type === "done")
        return { text, status: event.message.status, content: event.message.content };
    }
  }

  test("a page on one sees an answer grow that the other one writes", async () => {
    const socket = await there.webSocket();
    const { assistant_message } = await here.send(await here.conversation(), "What is Web+?");
    let live = 0;
    const answer = await follow(socket, assistant_message.id, async (seq) => {
      if (seq % 10 === 0)
        live += (await here.message(assistant_message.id)).status === "streaming" ? 1 : 0;
    });
    assert.equal(answer.status, "complete");
    assert.equal(answer.text, answer.content);
    assert.ok(live > 0, "it was heard while it grew");
    await socket.close();
  });

  test("so do server-sent events", async () => {
    const { assistant_message } = await here.send(await here.conversation(), "What is Web+?");
    let text = "";
    for await (const event of there.events(assistant_message.id)) {
      if (event.event === "delta") text += JSON.parse(event.data).text;
      if (event.event === "done") assert.equal(text, JSON.parse(event.data).content);
    }
    assert.ok(text.length > 0);
  });

  test("what streams on is exact though Redis dies in the middle and comes back", async () => {
    const socket = await there.webSocket();
    const { assistant_message } = await here.send(
      await here.conversation(),
      "How do I install Web+, and which settings are there?",
    );
    let fell = false;
    const answer = await follow(socket, assistant_message.id, async (seq) => {
      if (seq < 10 || fell) return;
      fell = true;
      await redis.kill();
      // The answer ends while nobody can be told.
      await here.finished(assistant_message.id);
      await redis.run();
    });
    assert.ok(fell, "Redis was killed in the middle");
    await bothAreUp();
    assert.equal(answer.status, "complete");
    assert.equal(answer.text, answer.content);
    await socket.close();
  });

  /** An answer that has begun on the first server; it goes on for some seconds. */
  async function begun(): Promise<{ conversation: Conversation; id: string }> {
    const conversation = await here.conversation();
    const { assistant_message } = await here.send(
      conversation,
      "How do I install Web+, and which settings are there?",
    );
    for await (const { event } of here.events(assistant_message.id)) if (event === "delta") break;
    return { conversation, id: assistant_message.id };
  }

  /** It has stopped when the server that was asked says so, and what there is stays. */
  async function stopThere(id: string): Promise<void> {
    const stopped = (await there.post(`/api/v1/messages/${id}/stop`)) as Message;
    assert.equal(stopped.status, "stopped");
    assert.ok(stopped.content.length > 0);
    assert.deepEqual(await here.message(id), stopped);
  }

  test("an answer is stopped by whichever server is asked", async () => {
    const { id } = await begun();
    await stopThere(id);
    await here.post(`/api/v1/messages/${id}/continue`, undefined, 202);
    const whole = await there.finished(id);
    assert.equal(whole.status, "complete", "the wish to stop is not older than the answer");
  });

  test("also when the servers cannot hear each other", async () => {
    const { id } = await begun();
    await redis.kill();
    await stopThere(id);
    await redis.run();
    await bothAreUp();
  });

  test("an answer stops with its conversation, whichever server deletes that", async () => {
    const { conversation, id } = await begun();
    let deleted = false;
    let end: Message | undefined;
    for await (const event of here.events(id)) {
      if (event.event === "done") end = JSON.parse(event.data) as Message;
      if (event.event !== "delta" || deleted) continue;
      deleted = true;
      await there.expect(204, "DELETE", `/api/v1/conversations/${conversation.id}`);
    }
    assert.equal(end?.status, "stopped");
  });

  /** Kills the server that writes an answer, and lets `act` have it ended; both readers elsewhere must hear of it. */
  async function dyingWhileHeard(
    act: (dying: Server, id: string) => Promise<unknown>,
  ): Promise<void> {
    const dying = await start();
    try {
      const writer = new Client(dying.url, contract);
      await writer.signIn(ada.username, ada.password);
      const question = "How do I install Web+, and which settings are there?";
      const { id } = (await writer.send(await writer.conversation(), question)).assistant_message;
      const sockets = [await here.webSocket(), await there.webSocket()];
      for (const socket of sockets) {
        socket.send({ type: "subscribe", topic: `message:${id}`, seq: 0 });
        await socket.nextOf("delta");
      }
      await dying.end("SIGKILL");
      await act(dying, id);
      for (const socket of sockets) {
        assert.equal((await socket.nextOf("done")).message.status, "interrupted");
        await socket.close();
      }
    } finally {
      await dying.end("SIGKILL");
      await rm(dying.data, { recursive: true, force: true });
    }
  }

  test("who follows an answer hears of its end when its server has died", () =>
    // Rather than wait for the end of its lease.
    dyingWhileHeard((_, id) =>
      query(database.url, `UPDATE message SET lease_until = 1 WHERE id = '${id}'`),
    ));

  test("so when that is started again", () => dyingWhileHeard((dying) => dying.run()));

  test("conversations and the list of them are told of too, to their owner alone", async () => {
    await servers[0]!.createUser(grace.username, grace.password);
    const other = new Client(servers[1]!.url, contract);
    await other.signIn(grace.username, grace.password);
    const stranger = await other.webSocket();
    stranger.send({ type: "subscribe", topic: "conversations" });
    const list = await there.webSocket();
    list.send({ type: "subscribe", topic: "conversations" });
    // Once by this server, and again when Redis has confirmed that others are heard.
    for (const socket of [stranger, list])
      for (let i = 0; i < 2; i++) await socket.nextOf("subscribed");

    const conversation = await here.conversation({ title: "Elsewhere" });
    assert.deepEqual((await list.nextOf("conversation")).conversation, conversation);
    const topic = `conversation:${conversation.id}`;
    const one = await there.webSocket();
    one.send({ type: "subscribe", topic });
    for (let i = 0; i < 2; i++) await one.nextOf("subscribed");
    const { user_message } = await here.send(conversation, "Hello there");
    const told = await one.nextOf("message");
    assert.equal(told.topic, topic);
    assert.deepEqual(told.message, user_message);
    await here.expect(204, "DELETE", `/api/v1/conversations/${conversation.id}`);
    assert.equal((await list.nextOf("conversation_deleted")).id, conversation.id);

    const own = await other.conversation({ title: "heard" });
    assert.equal((await stranger.next()).conversation.id, own.id);
    for (const socket of [stranger, list, one]) await socket.close();
  });

  test("an answer is not followed by a session that ended while it was looked up", async () => {
    const { id } = await begun();
    const gone = new Client(servers[0]!.url, contract);
    await gone.signIn(ada.username, ada.password);
    const sessions = (await gone.get("/api/v1/sessions")).items as {
      id: string;
      current: boolean;
    }[];
    const session = sessions.find((each) => each.current)!;
    const holder = "LOCK TABLE message; SELECT pg_sleep(60)";
    const held = query(database.url, `BEGIN; ${holder}`).catch(() => {});
    const waits = (kind: string): Promise<string> =>
      query(
        database.url,
        `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND ${kind}`,
      );
    while ((await waits("wait_event = 'PgSleep'")) === "0");
    const reading = gone.call("GET", `/api/v1/messages/${id}/events`);
    while ((await waits("wait_event_type = 'Lock' AND query LIKE '%FROM message%'")) === "0");
    await here.expect(204, "DELETE", `/api/v1/sessions/${session.id}`);
    await query(
      database.url,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' " +
        "AND datname = current_database()",
    );
    await held;
    const reply = await reading;
    assert.equal(reply.status, 503, reply.text.slice(0, 200));
    await gone.refused(401, "GET", `/api/v1/messages/${id}/events`);
  });

  test("what could not be told while Redis was dead is to be fetched, and that is told", async () => {
    const list = await there.webSocket();
    list.send({ type: "subscribe", topic: "conversations" });
    for (let i = 0; i < 2; i++) await list.nextOf("subscribed");
    await redis.kill();
    await here.conversation({ title: "Unheard" });
    await redis.run();
    assert.deepEqual(await list.nextOf("subscribed"), {
      type: "subscribed",
      topic: "conversations",
      seq: 0,
    });
    await bothAreUp();
    await list.close();
  });

  test("what a server heard of and could not read is to be fetched", async () => {
    const [whole, damaged] = [await here.conversation(), await here.conversation()];
    const topic = `conversation:${damaged.id}`;
    const one = await there.webSocket();
    one.send({ type: "subscribe", topic });
    for (let i = 0; i < 2; i++) await one.nextOf("subscribed");
    await query(
      database.url,
      `UPDATE conversation SET title = (SELECT title FROM conversation WHERE id = '${whole.id}')
       WHERE id = '${damaged.id}'`,
    );
    await redis.tell(`topic:${topic}`, `another conversation ${damaged.id} -1`);
    assert.equal((await one.nextOf("subscribed")).topic, topic);
    await one.close();
    await query(database.url, `DELETE FROM conversation WHERE id = '${damaged.id}'`);
  });

  /** What Redis is told from now on. */
  async function overhear(): Promise<{ monitor: Socket; seen: () => string }> {
    const monitor = createConnection(redis.port, "127.0.0.1");
    let seen = "";
    monitor.on("data", (data) => (seen += data.toString()));
    monitor.write("MONITOR\r\n");
    await new Promise((resolve) => monitor.once("data", resolve));
    return { monitor, seen: () => seen };
  }

  test("who is told of a change and asks at once does not get what was kept before", async () => {
    const conversation = await here.conversation();
    const path = `/api/v1/conversations/${conversation.id}`;
    for (const change of [
      () => here.expect(200, "PATCH", path, { body: { title: "Changed" } }),
      () => here.expect(204, "DELETE", path),
    ]) {
      const { monitor, seen } = await overhear();
      await change();
      const told = /"PUBLISH"[^\n]*topic:conversations:/;
      while (!told.test(seen())) await new Promise((resolve) => monitor.once("data", resolve));
      monitor.destroy();
      const raised = seen().search(/"DEL"[^\n]*v:chat:/);
      assert.ok(raised >= 0 && raised < seen().search(told), seen());
    }
  });

  test("one that was started from a copy of another's folder takes a name of its own", async () => {
    const [one] = servers as [Server];
    const copy = await mkdtemp(path.join(tmpdir(), "webplus-test-"));
    await cp(one.data, copy, { recursive: true });
    const { id } = await begun();
    const clone = await start(copy);
    const answer = await here.finished(id);
    assert.equal(answer.status, "complete", "what the other one writes is not ended");
    const names = await Promise.all(
      [one.data, copy].map((data) => readFile(path.join(data, "node"), "utf8")),
    );
    assert.notEqual(names[0], names[1]);
    assert.ok(clone.output.some((line) => line.includes("another server has this one's id")));
    await clone.remove();
  });

  test("what is told through Redis is counted, here as told and there as heard", async () => {
    const told = (): Promise<number> => metric(servers[0]!, "webplus_bus_announced_total");
    const heard = (): Promise<number> => metric(servers[1]!, "webplus_bus_heard_total");
    const list = await there.webSocket();
    list.send({ type: "subscribe", topic: "conversations" });
    for (let i = 0; i < 2; i++) await list.nextOf("subscribed");
    const before = { told: await told(), heard: await heard() };
    await here.conversation();
    await list.nextOf("conversation");
    assert.ok((await told()) > before.told);
    assert.equal(await heard(), before.heard + 1);
    await list.close();
  });

  test("nothing of what is said goes through Redis", async () => {
    const { monitor, seen } = await overhear();
    const secret = "Whisper of nightingales";
    const { assistant_message } = await here.send(await here.conversation(), secret);
    const { content } = await there.finished(assistant_message.id);
    while (!seen().includes(`done ${assistant_message.id}`))
      await new Promise((resolve) => monitor.once("data", resolve));
    assert.ok(!seen().includes("nightingales"));
    assert.ok(!content.split(/\s+/).some((word) => word.length > 8 && seen().includes(word)));
    monitor.destroy();
  });
});
