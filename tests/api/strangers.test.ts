/*
 * What belongs to others: the credentials of another installation, and other people's ids in every place that takes one;
 * what can be learned from how long a sign-in takes; and names and addresses at their limits.
 */
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import { Server } from "./lib/server.ts";
import type { Conversation, Message } from "./lib/types.ts";
import { ada, contract, grace, nobody, passwords, server, unknownId } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const password = "plum orchard wheelbarrow";
const register = "/api/v1/auth/register";

let made = 0;

async function newcomer(role = "user"): Promise<Client> {
  made += 1;
  await server.createUser(`stranger${made}`, password, role);
  const client = nobody();
  await client.signIn(`stranger${made}`, password);
  return client;
}

async function registration(mode: "open" | "invite" | "closed"): Promise<void> {
  await ada.expect(200, "PATCH", "/api/v1/settings", { body: { registration: mode } });
}

describe("another installation", () => {
  let other: Server;
  let theirs: Client;

  before(async () => {
    other = await Server.start();
    theirs = new Client(other.url, contract);
    const body = { token: other.setupToken, username: "ada", email: "ada@example.org" };
    theirs.takeSession(
      await theirs.call("POST", "/api/v1/setup", { body: { ...body, password: passwords.ada } }),
    );
  });
  after(() => other.remove());

  const bearing = (token: string): Client => {
    const client = nobody();
    client.token = token;
    return client;
  };

  test("signs access tokens that are worth nothing here", async () => {
    await theirs.get("/api/v1/auth/me");
    await bearing(theirs.token).refused(401, "GET", "/api/v1/auth/me");
    const upgraded = await nobody().openWebSocket({
      headers: { authorization: `Bearer ${theirs.token}` },
    });
    assert.equal(await upgraded.socket.closed(), 4401);
    const { socket } = await nobody().openWebSocket();
    socket.send({ type: "authenticate", token: theirs.token });
    assert.equal(await socket.closed(), 4401);
  });

  test("makes API keys that are worth nothing here, by either header", async () => {
    const body = { name: "theirs", scopes: ["chat:read"] };
    const { key } = await theirs.post("/api/v1/api-keys", body, 201);
    await bearing(key).refused(401, "GET", "/api/v1/conversations");
    await nobody().refused(401, "GET", "/api/v1/conversations", { headers: { "x-api-key": key } });
  });

  test("hands out refresh tokens, invitations and set-up links that open nothing here", async () => {
    await nobody().refused(401, "POST", "/api/v1/auth/refresh", {
      headers: { cookie: theirs.cookie },
    });
    const invitation = await theirs.post("/api/v1/invitations", {}, 201);
    await registration("invite");
    const person = { username: "smuggled", email: "smuggled@example.org", password };
    await nobody().refused(403, "POST", register, {
      body: { ...person, invitation: invitation.token },
    });
    await registration("closed");
    await nobody().refused(409, "POST", "/api/v1/setup", {
      body: { ...person, token: other.setupToken },
    });
  });
});

describe("how long a sign-in takes", () => {
  const login = async (username: string, password: string): Promise<number> => {
    const start = performance.now();
    await nobody().refused(401, "POST", "/api/v1/auth/login", { body: { username, password } });
    return performance.now() - start;
  };
  const median = (values: number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

  /* In turns, so that whatever else slows the machine slows all three. */
  async function medians(names: string[], times: number): Promise<number[]> {
    const taken = names.map((): number[] => []);
    for (let i = 0; i < times; i++)
      for (const [index, name] of names.entries()) taken[index]!.push(await login(name, password));
    return taken.map(median);
  }

  test("does not tell whether there is such a user, or one that is disabled", async (t) => {
    const disabled = await newcomer();
    const { id, username } = disabled.session!.user;
    await ada.expect(200, "PATCH", `/api/v1/users/${id}`, { body: { disabled: true } });
    const alike = (ratio: number): boolean => ratio > 2 / 3 && ratio < 3 / 2;
    let ratios: number[] = [];
    // A machine that is busy may blur one round; a difference in the work would show in all.
    for (let round = 0; round < 3 && !(ratios.length > 0 && ratios.every(alike)); round++) {
      const [known, ...others] = await medians(["grace", "nobody-of-this-name", username], 11);
      ratios = others.map((other) => other / known!);
      t.diagnostic(
        `unknown and disabled against known: ${ratios.map((r) => r.toFixed(2)).join(", ")}`,
      );
    }
    assert.ok(ratios.every(alike), `${ratios}`);
  });
});

describe("what is deleted by many at once", () => {
  /** One of them did it, the others found nothing; nobody was told that something broke. */
  async function once(method: string, target: string, clients: Client[], body?: unknown) {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        clients[i % clients.length]!.call(method, target, body === undefined ? {} : { body }),
      ),
    );
    const statuses = replies.map((reply) => reply.status).sort();
    assert.equal(statuses[0], 204, `${method} ${target}: ${statuses.join(" ")}`);
    assert.ok(
      statuses.slice(1).every((status) => status === 404),
      `${method} ${target}: ${statuses.join(" ")}`,
    );
  }

  test("goes once: a conversation", async () => {
    const { id } = await grace.conversation({ title: "gone" });
    await once("DELETE", `/api/v1/conversations/${id}`, [grace]);
  });

  test("goes once: an API key", async () => {
    const body = { name: "gone", scopes: ["chat:read"] };
    const { id } = await grace.post("/api/v1/api-keys", body, 201);
    await once("DELETE", `/api/v1/api-keys/${id}`, [grace]);
  });

  test("goes once: a session", async () => {
    const client = await newcomer();
    const elsewhere = nobody();
    await elsewhere.signIn(client.session!.user.username, password);
    const { items } = await client.get("/api/v1/sessions");
    const { id } = items.find((item: { current: boolean }) => !item.current);
    await once("DELETE", `/api/v1/sessions/${id}`, [client]);
  });

  test("goes once: a user, whoever of two administrators asks", async () => {
    const client = await newcomer();
    const second = await newcomer("administrator");
    await client.conversation({ title: "goes too" });
    await once("DELETE", `/api/v1/users/${client.session!.user.id}`, [ada, second]);
    await ada.expect(204, "DELETE", `/api/v1/users/${second.session!.user.id}`);
  });

  test("goes once: an invitation, a role", async () => {
    const { id } = await ada.post("/api/v1/invitations", {}, 201);
    await once("DELETE", `/api/v1/invitations/${id}`, [ada]);
    await ada.post("/api/v1/roles", { name: "passing", permissions: ["chat:read"] }, 201);
    await once("DELETE", "/api/v1/roles/passing", [ada]);
  });

  test("goes once: one’s own account", async () => {
    const client = await newcomer();
    const replies = await Promise.all(
      Array.from({ length: 6 }, () =>
        client.call("DELETE", "/api/v1/auth/me", { body: { password } }),
      ),
    );
    const statuses = replies.map((reply) => reply.status).sort();
    assert.equal(statuses[0], 204, statuses.join(" "));
    for (const status of statuses.slice(1))
      assert.ok(status === 401 || status === 404, statuses.join(" "));
  });
});

describe("the ids of others", () => {
  let hers: Conversation;
  let herMessage: Message;
  let own: Conversation;
  let ownMessage: Message;
  let elsewhere: Message;

  before(async () => {
    hers = await ada.conversation({ title: "hers" });
    herMessage = (await ada.send(hers, "hers alone")).user_message;
    own = await grace.conversation({ title: "own" });
    const turn = await grace.send(own, "own");
    ownMessage = await grace.finished(turn.assistant_message.id);
    const second = await grace.conversation({ title: "own too" });
    const other = await grace.send(second, "elsewhere");
    elsewhere = await grace.finished(other.assistant_message.id);
    for await (const _ of ada.events((await ada.messages(hers)).items.at(-1)!.id));
  });

  const sameAsUnknown = async (method: string, target: string, body: (id: string) => unknown) => {
    const theirs = await grace.call(method, target, { body: body(herMessage.id) });
    const unknown = await grace.call(method, target, { body: body(unknownId) });
    assert.ok(theirs.status >= 400 && theirs.status < 500, theirs.text);
    assert.equal(theirs.status, unknown.status);
    assert.deepEqual(theirs.json.errors, unknown.json.errors);
    assert.equal(theirs.json.detail, unknown.json.detail);
    const malformed = await grace.call(method, target, { body: body("no-id") });
    assert.ok(malformed.status >= 400 && malformed.status < 500, malformed.text);
  };

  test("are no parents of one’s messages, and no active ones", async () => {
    const messages = `/api/v1/conversations/${own.id}/messages`;
    await sameAsUnknown("POST", messages, (parent_id) => ({ content: "x", parent_id }));
    await sameAsUnknown("PATCH", `/api/v1/conversations/${own.id}`, (active_message_id) => ({
      active_message_id,
    }));
    const reply = await grace.call("POST", messages, {
      body: { content: "x", parent_id: elsewhere.id },
    });
    assert.ok(reply.status >= 400 && reply.status < 500, "nor those of another conversation");
    const moved = await grace.call("PATCH", `/api/v1/conversations/${own.id}`, {
      body: { active_message_id: elsewhere.id },
    });
    assert.ok(moved.status >= 400 && moved.status < 500);
    const kept = await grace.get(`/api/v1/conversations/${own.id}`);
    assert.equal(kept.active_message_id, ownMessage.id);
  });

  test("in a cursor lead to nothing of theirs", async () => {
    const herPage = await ada.get("/api/v1/conversations?limit=1");
    const lists = {
      "/api/v1/conversations": herPage.next_cursor ?? hers.id,
      "/api/v1/sessions": (await ada.get("/api/v1/sessions?limit=1")).next_cursor ?? unknownId,
      [`/api/v1/conversations/${own.id}/messages`]: herMessage.id,
    };
    const theirIds = new Set(
      (await ada.get("/api/v1/conversations?limit=100")).items.map(
        (item: { id: string }) => item.id,
      ),
    );
    for (const item of (await ada.get("/api/v1/sessions?limit=100")).items) theirIds.add(item.id);
    theirIds.add(herMessage.id);
    for (const [list, cursor] of Object.entries(lists)) {
      const reply = await grace.call("GET", `${list}?cursor=${encodeURIComponent(cursor)}`);
      assert.ok(reply.status === 200 || reply.status === 422, reply.text);
      for (const item of reply.json.items ?? []) assert.ok(!theirIds.has(item.id), list);
    }
  });

  test("cannot be claimed in a body", async () => {
    const { id } = ada.session!.user;
    const claims: [string, string, Record<string, unknown>][] = [
      ["POST", "/api/v1/conversations", { owner_id: id }],
      ["POST", "/api/v1/conversations", { id: hers.id }],
      ["PATCH", `/api/v1/conversations/${own.id}`, { owner_id: id }],
      ["POST", `/api/v1/conversations/${own.id}/messages`, { content: "x", owner_id: id }],
      ["POST", `/api/v1/conversations/${own.id}/messages`, { content: "x", role: "assistant" }],
      ["POST", "/api/v1/api-keys", { name: "x", scopes: ["chat:read"], account_id: id }],
      ["PATCH", "/api/v1/auth/me", { id }],
      ["PATCH", "/api/v1/auth/me", { role: "administrator" }],
    ];
    for (const [method, target, body] of claims) {
      const problem = await grace.refused(422, method, target, { body });
      assert.ok((problem.errors ?? []).length > 0, `${method} ${target}`);
    }
    const user = `/api/v1/users/${grace.session!.user.id}`;
    await ada.refused(422, "PATCH", user, { body: { id, role: "user" } });
    await ada.refused(422, "PATCH", user, { body: { username: "ada" } });
  });

  test("of one kind are no ids of another", async () => {
    const body = { name: "x", scopes: ["chat:read"] };
    const key = await ada.post("/api/v1/api-keys", body, 201);
    const session = (await ada.get("/api/v1/sessions")).items[0];
    for (const id of [key.id, session.id, hers.id]) {
      await ada.refused(404, "GET", `/api/v1/users/${id}`);
      await ada.refused(404, "PATCH", `/api/v1/users/${id}`, { body: { role: "viewer" } });
      await ada.refused(404, "POST", `/api/v1/users/${id}/end-sessions`);
      await ada.refused(404, "DELETE", `/api/v1/users/${id}`);
      await ada.refused(404, "DELETE", `/api/v1/invitations/${id}`);
    }
    await ada.refused(404, "DELETE", `/api/v1/api-keys/${session.id}`);
    await ada.refused(404, "DELETE", `/api/v1/sessions/${key.id}`);
    await ada.expect(204, "DELETE", `/api/v1/api-keys/${key.id}`);
  });

  test("filter nothing for those who may not read the log", async () => {
    await grace.refused(403, "GET", `/api/v1/audit?actor_id=${ada.session!.user.id}`);
    await grace.refused(403, "GET", `/api/v1/audit?actor_id=${grace.session!.user.id}`);
    assert.deepEqual((await ada.get(`/api/v1/audit?actor_id=${unknownId}`)).items, []);
    await ada.refused(422, "GET", "/api/v1/audit?actor_id=no-id");
    await ada.refused(422, "GET", "/api/v1/audit?cursor=-1");
  });

  test("cannot be listened to", async () => {
    const socket = await grace.webSocket();
    for (const topic of [`message:${herMessage.id}`, `conversation:${hers.id}`]) {
      const reply = await socket.ask({ type: "subscribe", topic });
      assert.equal(reply.status, 404, JSON.stringify(reply));
    }
    await socket.close();
  });

  test("do not make one’s key for idempotency another’s", async () => {
    const headers = { "idempotency-key": "the-same-for-both" };
    const mine = await ada.conversation({ title: "once" });
    const body = { content: "once" };
    const target = `/api/v1/conversations/${mine.id}/messages`;
    const first = await ada.expect(202, "POST", target, { headers, body });
    await ada.finished(first.assistant_message.id);
    await grace.refused(404, "POST", target, { headers, body });
    const theirs = await grace.conversation({ title: "also once" });
    const reply = await grace.call("POST", `/api/v1/conversations/${theirs.id}/messages`, {
      headers,
      body,
    });
    assert.equal(reply.status, 202, reply.text);
    assert.equal(reply.headers.get("idempotency-replayed"), null);
    assert.equal(reply.json.user_message.conversation_id, theirs.id);
    await grace.finished(reply.json.assistant_message.id);
  });
});

describe("names, addresses and passwords at their limits", () => {
  const domain = `${"d".repeat(63)}.${"e".repeat(63)}.${"f".repeat(57)}.org`;
  const address = (local: number, more = ""): string => `${"l".repeat(local)}@${more}${domain}`;

  test("an address has up to 64 bytes before the @, and up to 254 in all", async () => {
    assert.equal(address(64).length, 254);
    await registration("open");
    const taken = { username: "longest", email: address(64), password };
    const client = nobody();
    client.takeSession(await client.call("POST", register, { body: taken }));
    assert.equal((await client.get("/api/v1/auth/me")).email, address(64));
    await nobody().refused(409, "POST", register, {
      body: { ...taken, username: "longer", email: address(64).toUpperCase() },
    });
    for (const email of [
      address(65).replace("f", ""),
      address(64, "d"),
      `${"l".repeat(250)}@x.org`,
      "@example.org",
      "ada@",
      "ada",
      "a@b@example.org",
      "ada@example..org",
      "ada @example.org",
      "ada@example.org\n",
    ])
      for (const [method, target, who] of [
        ["POST", register, nobody()],
        ["PATCH", "/api/v1/auth/me", client],
      ] as const) {
        const body =
          target === register ? { ...taken, username: "other", email } : { email, password };
        const problem = await who.refused(422, method, target, { body });
        assert.deepEqual(
          problem.errors?.map((error) => error.field),
          ["email"],
          JSON.stringify(email),
        );
      }
    await registration("closed");
  });

  test("a password of a megabyte is not even looked at", async () => {
    const large = "x".repeat(2 ** 20);
    const login = { username: "grace", password: large };
    await nobody().refused(413, "POST", "/api/v1/auth/login", { body: login });
    await nobody().refused(413, "POST", register, {
      body: { ...login, email: "large@example.org" },
    });
    await grace.refused(413, "POST", "/api/v1/auth/password", {
      body: { current_password: large, new_password: large },
    });
    await grace.refused(413, "DELETE", "/api/v1/auth/me", { body: { password: large } });
    for (const password of ["x".repeat(1025), "x".repeat(2 ** 14 - 100)])
      await nobody().refused(422, "POST", "/api/v1/auth/login", {
        body: { username: "grace", password },
      });
  });

  test("a name that only looks like another’s is none, and case makes no difference", async () => {
    await registration("open");
    const lookalikes = [
      "grаce", // Cyrillic
      "graceο", // Greek
      "ｇｒａｃｅ", // full width
      "gracé",
      "grac\u0065\u0301",
      "gra\u200Dce",
      "\u202Eecarg",
      "grace\u00a0",
      "ﬁona", // a ligature
      "ⅷgrace",
    ];
    for (const username of lookalikes) {
      const problem = await nobody().refused(422, "POST", register, {
        body: { username, email: "look@example.org", password },
      });
      assert.deepEqual(
        problem.errors?.map((error) => error.field),
        ["username"],
      );
      const reply = await nobody().call("POST", "/api/v1/auth/login", {
        body: { username, password: passwords.grace },
      });
      assert.ok(reply.status === 401 || reply.status === 422, `${username}: ${reply.status}`);
    }
    await nobody().refused(409, "POST", register, {
      body: { username: "GrAcE", email: "case@example.org", password },
    });
    await registration("closed");
    const client = nobody();
    await client.signIn("GRACE", passwords.grace);
    assert.equal(client.session!.user.username, "grace");
  });
});
