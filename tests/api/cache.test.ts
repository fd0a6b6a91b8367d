/* Replies from memory: that they come from there, that they are never old, and that they are nobody else's. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe } from "node:test";

import { Client, type Reply } from "./lib/client.ts";
import { Consistency, metric } from "./lib/consistency.ts";
import { editBehind } from "./lib/edit.ts";
import { type Database, freshDatabase } from "./lib/postgres.ts";
import { Server } from "./lib/server.ts";
import { ada, contract, grace, passwords, server } from "./lib/world.ts";
import { test } from "./lib/test.ts";
import type { Conversation } from "./lib/types.ts";

const onPostgres = process.env["WEBPLUS_TEST_POSTGRES"] !== undefined;
const withRedis = process.env["WEBPLUS_TEST_REDIS"] !== undefined;
/** Several servers of one database keep replies only with a Redis. */
const keeps = !onPostgres || withRedis;

const hits = (of = server): Promise<number> =>
  metric(of, 'webplus_cache_hits_total{kind="personal"}');

/** How many of these came from memory. */
async function hitsOf(act: () => Promise<unknown>, of = server): Promise<number> {
  const before = await hits(of);
  await act();
  return (await hits(of)) - before;
}

/**
 * That it is one hit. At once, but where a busy machine lets Redis take longer than is waited for: then nothing is kept or
 * found, and all is tried again.
 */
async function isHit(attempt: () => Promise<number>): Promise<void> {
  const tries = withRedis ? 20 : 1;
  for (let i = 1; (await attempt()) !== 1; i++) assert.ok(i < tries, "not from memory");
}

async function raw(client: Client, path: string, headers: Record<string, string> = {}) {
  return fetch(client.url + path, {
    headers: { authorization: `Bearer ${client.token}`, ...headers },
  });
}

describe("a reply that is kept", { skip: !keeps }, () => {
  test("is sent again without asking the database", async () => {
    const conversation = await ada.conversation({ title: "Kept" });
    const path = `/api/v1/conversations/${conversation.id}`;
    await isHit(async () => {
      const first = await ada.get(path);
      const reads = await metric(server, "webplus_db_reads_total");
      const hit = await hitsOf(async () => assert.deepEqual(await ada.get(path), first));
      const read = (await metric(server, "webplus_db_reads_total")) - reads;
      assert.ok(hit === 0 || read <= 2, "only others read");
      return hit;
    });
  });

  test("stays when a write of it was given up before it began", async () => {
    await isHit(async () => {
      await ada.get("/api/v1/roles");
      const ended = () => metric(server, 'webplus_http_requests_total{status="4xx"}');
      const before = await ended();
      const socket = connect(server.port, "127.0.0.1");
      socket.write(
        "POST /api/v1/roles HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer of-nobody\r\n" +
          "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n",
      );
      await new Promise((resolve) => socket.once("connect", resolve));
      await ada.get("/api/v1/health");
      socket.destroy();
      while ((await ended()) === before);
      const shared = () => metric(server, 'webplus_cache_hits_total{kind="shared"}');
      const hitsBefore = await shared();
      await ada.get("/api/v1/roles");
      return (await shared()) - hitsBefore;
    });
  });

  test("is told apart by its query, in whatever order that is", async () => {
    const list = "/api/v1/conversations";
    await ada.get(`${list}?limit=3`);
    assert.equal(await hitsOf(() => ada.get(`${list}?limit=2`)), 0);
    await isHit(() => hitsOf(() => ada.get(`${list}?limit=3`)));
    await isHit(async () => {
      const conversation = await ada.conversation();
      const messages = `/api/v1/conversations/${conversation.id}/messages`;
      await ada.get(`${messages}?limit=3&order=desc`);
      return hitsOf(() => ada.get(`${messages}?order=desc&limit=3`));
    });
  });

  test("is told apart by the coding that is sent, whatever else is accepted", async () => {
    const shared = () => metric(server, 'webplus_cache_hits_total{kind="shared"}');
    const coding = async (accepted: string): Promise<string | null> => {
      const reply = await raw(ada, "/api/v1/help/user-guide", { "accept-encoding": accepted });
      await reply.text();
      return reply.headers.get("content-encoding");
    };
    assert.equal(await coding("br"), "br");
    const before = await shared();
    for (const accepted of ["br, x1", "br, x2;q=0.3", "br;q=0.5, gzip;q=0.2"])
      assert.equal(await coding(accepted), "br", accepted);
    assert.equal((await shared()) - before, 3);
    assert.equal(await coding("gzip"), "gzip");
    assert.equal(await coding("identity"), null);
  });

  test("is not another user's", async () => {
    const conversation = await ada.conversation();
    const path = `/api/v1/conversations/${conversation.id}`;
    await ada.get(path);
    await ada.get(path);
    await grace.refused(404, "GET", path);
    const [hers, his] = [await grace.get("/api/v1/auth/me"), await ada.get("/api/v1/auth/me")];
    assert.equal(hers.username, "grace");
    assert.equal(his.username, "ada");
    await grace.refused(403, "GET", "/api/v1/users");
  });

  test("is read anew after a write, and after an answer has ended", async () => {
    const conversation = await ada.conversation({ title: "Before" });
    const path = `/api/v1/conversations/${conversation.id}`;
    await ada.get(path);
    await ada.expect(200, "PATCH", path, { body: { title: "After" } });
    assert.equal((await ada.get(path)).title, "After");
    const { assistant_message } = await ada.send(conversation, "How do I install Web+?");
    const finished = await ada.finished(assistant_message.id);
    assert.deepEqual(await ada.message(finished.id), finished);
    assert.deepEqual((await ada.messages(conversation)).items.at(-1), finished);
    await ada.expect(204, "DELETE", path);
    await ada.refused(404, "GET", path);
  });

  test("is read anew after a deletion that is tried again, and finds nothing", async () => {
    const { id } = await ada.conversation();
    await ada.expect(204, "DELETE", `/api/v1/conversations/${id}`);
    await ada.get("/api/v1/conversations");
    assert.equal(await hitsOf(() => ada.get("/api/v1/conversations")), 1);
    await ada.refused(404, "DELETE", `/api/v1/conversations/${id}`);
    assert.equal(await hitsOf(() => ada.get("/api/v1/conversations")), 0);
  });

  test("survives a write of somebody else", async () => {
    await isHit(async () => {
      await ada.get("/api/v1/conversations");
      await grace.conversation({ title: "Hers" });
      return hitsOf(() => ada.get("/api/v1/conversations"));
    });
  });

  test("is not shown to a role that may not see it any more", async () => {
    await server.createUser("ida", passwords.grace);
    const ida = new Client(server.url, contract);
    const { user } = await ida.signIn("ida", passwords.grace);
    await ida.get("/api/v1/auth/me");
    await ida.get("/api/v1/auth/me");
    await ada.expect(200, "PATCH", `/api/v1/users/${user.id}`, { body: { role: "viewer" } });
    assert.equal((await ida.get("/api/v1/auth/me")).role, "viewer");
  });

  /** Many ask at once, as far as the machine lets them: again, until some waited for another's. */
  async function manyAsk(
    client: Client,
    subject: () => Promise<Conversation>,
    check: (reply: Reply, conversation: Conversation) => void,
  ): Promise<void> {
    for (let round = 0; ; round++) {
      const conversation = await subject();
      const path = `/api/v1/conversations/${conversation.id}`;
      const waits = await metric(server, "webplus_cache_waits_total");
      const reads = await metric(server, "webplus_db_reads_total");
      const all = await Promise.all(Array.from({ length: 50 }, () => client.call("GET", path)));
      for (const one of all) check(one, conversation);
      const statements = (await metric(server, "webplus_db_reads_total")) - reads;
      const waited = (await metric(server, "webplus_cache_waits_total")) - waits;
      const own = 50 - waited + 10;
      assert.ok(statements < own, `${statements} statements for 50 requests, ${waited} waited`);
      if (waited >= 30) return;
      assert.ok(round < 200, "hardly anybody waited for another's");
    }
  }

  test("is computed once for all who ask at once", () =>
    manyAsk(
      ada,
      () => ada.conversation(),
      (reply, conversation) => assert.deepEqual(reply.json, conversation),
    ));

  test("that cannot be computed is tried once for all who ask at once", async () => {
    await server.createUser("eve", passwords.grace);
    const eve = new Client(server.url, contract);
    await eve.signIn("eve", passwords.grace);
    const whole = await eve.conversation({ title: "Whole" });
    const damaged = async (): Promise<Conversation> => {
      const conversation = await eve.conversation({ title: "Damaged" });
      await editBehind(
        server,
        `UPDATE conversation SET title = (SELECT title FROM conversation WHERE id = '${whole.id}')
         WHERE id = '${conversation.id}'`,
      );
      return conversation;
    };
    const ids = new Set<string>();
    await manyAsk(eve, damaged, ({ status, json }) => {
      assert.equal(status, 500);
      assert.equal(json.code, "corrupt");
      ids.add(json.request_id);
    });
    assert.equal(ids.size % 50, 0, "each has its own id");
  });
});

describe("the ETag of a reply", () => {
  async function spares(path: string): Promise<void> {
    const first = await raw(ada, path);
    const etag = first.headers.get("etag")!;
    assert.match(etag, /^"[0-9a-f]{32}"$/, path);
    assert.match(first.headers.get("cache-control")!, /^(private|public), no-cache$/);
    await first.text();
    const second = await raw(ada, path, { "if-none-match": etag });
    assert.equal(second.status, 304, path);
    assert.equal(await second.text(), "");
    assert.equal(second.headers.get("etag"), etag);
    const other = await raw(ada, path, { "if-none-match": '"0123"' });
    assert.equal(other.status, 200);
    await other.text();
  }

  test("spares the client what it has, wherever the document says so", async () => {
    const conversation = await ada.conversation();
    const { assistant_message: answer } = await ada.send(conversation, "How do I install Web+?");
    await ada.finished(answer.id);
    const user = (await ada.get("/api/v1/auth/me")).id;
    const ids: [string, string][] = [
      ["/users/{id}", `/users/${user}`],
      ["/conversations/{id}", `/conversations/${conversation.id}`],
      ["/messages/{id}", `/messages/${answer.id}`],
      ["/help/{name}", "/help/user-guide"],
    ];
    const paths = contract.operations
      .filter((operation) => "304" in operation.responses)
      .map(({ path }) => ids.reduce((filled, [from, to]) => filled.replace(from, to), path));
    assert.ok(paths.length >= 12);
    for (const path of paths) await spares(path);
  });

  test("is told to who asks for the headers alone, of whom nothing is kept", async () => {
    const conversation = await ada.conversation();
    const named = ["etag", "cache-control", "content-type", "content-encoding", "vary"];
    for (const path of ["/api/v1/auth/me", `/api/v1/conversations/${conversation.id}`]) {
      const headers = { authorization: `Bearer ${ada.token}` };
      const head = await fetch(ada.url + path, { method: "HEAD", headers });
      if (path.endsWith(conversation.id))
        assert.equal(await hitsOf(() => ada.get(path)), 0, "nothing was kept for it");
      const get = await raw(ada, path);
      await get.text();
      for (const name of named) assert.equal(head.headers.get(name), get.headers.get(name), name);
      assert.match(head.headers.get("etag")!, /^"[0-9a-f]{32}"$/);
    }
  });

  test("changes with what it shows, and not for another's", async () => {
    const path = "/api/v1/conversations";
    const etag = async (client: Client): Promise<string> => {
      const reply = await raw(client, path);
      await reply.text();
      return reply.headers.get("etag")!;
    };
    const before = await etag(ada);
    await ada.conversation();
    assert.notEqual(await etag(ada), before);
    assert.notEqual(await etag(grace), await etag(ada));
  });
});

describe("the cache, switched off", () => {
  test("keeps nothing, and does without", async () => {
    const plain = await Server.start({ env: { WEBPLUS_CACHE: "false" } });
    try {
      const reply = await fetch(`${plain.url}/api/v1/help`);
      assert.equal(reply.status, 200);
      assert.equal(reply.headers.get("etag"), null);
      const text = await (await fetch(`${plain.url}/metrics`)).text();
      assert.doesNotMatch(text, /webplus_cache_/);
    } finally {
      await plain.remove();
    }
  });
});

/** The settings of each server; the first one keeps replies, where the others let it. */
const alike: [string, Record<string, string>[]] = ["alike", onPostgres ? [{}, {}] : [{}]];
const unequal: [string, Record<string, string>[]][] = [
  ["one of which keeps nothing", [{}, { WEBPLUS_CACHE: "false" }]],
  ["one of which has no room", [{}, { WEBPLUS_CACHE_MB: "0" }]],
  ["one of which has no Redis", [{}, { WEBPLUS_REDIS_URL: "" }]],
  ["one of which has neither", [{}, { WEBPLUS_REDIS_URL: "", WEBPLUS_CACHE: "false" }]],
];

for (const [what, settings] of onPostgres && withRedis ? [alike, ...unequal] : [alike])
  describe(`users who read and write at once on servers, ${what}`, () => {
    const servers: Server[] = [];
    let database: Database | undefined;
    /** Nobody trusts what it holds while a server is there that cannot tell what it writes. */
    const oneIsMute = settings.some((own) => own["WEBPLUS_REDIS_URL"] === "");
    const keeping = (): Server[] =>
      servers.filter((_, i) => keeps && !oneIsMute && Object.keys(settings[i]!).length === 0);

    before(async () => {
      database = await freshDatabase();
      const env = {
        ...(database && { WEBPLUS_DATABASE_URL: database.url }),
        WEBPLUS_MASTER_KEY: "c4".repeat(32),
      };
      for (const own of settings) servers.push(await Server.start({ env: { ...env, ...own } }));
    });
    after(async () => {
      await Promise.all(servers.map((server) => server.remove()));
      await database?.drop();
    });

    test("never see what is old or another's after a write was acknowledged", async (context) => {
      const consistency = new Consistency();
      context.diagnostic(`CACHE_SEED=${consistency.seed}`);
      for (const name of ["one", "two", "three"]) {
        await servers[0]!.createUser(name, passwords.ada);
        await consistency.add(name, passwords.ada, servers, contract);
      }
      const before = await Promise.all(keeping().map(hits));
      const more = async (): Promise<number[]> =>
        (await Promise.all(keeping().map(hits))).map((count, i) => count - before[i]!);
      consistency.start();
      await consistency.more(1500, 150);
      // A server whose Redis came late is not trusted for some seconds.
      while ((await more()).some((count) => count < 50)) await consistency.more(100, 10);
      await consistency.stop();
      context.diagnostic(
        `${consistency.reads} reads, ${consistency.writes} writes, ${await more()} from memory`,
      );
    });
  });
