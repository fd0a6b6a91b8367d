/*
 * Who may do what, and whose is it? The owner matrix: every route of the OpenAPI document is tried without credentials,
 * by each role, and by an API key of each scope; and every route with an id by a second user, on an object that is there.
 * A route without a row in the table below fails.
 */
import assert from "node:assert/strict";
import { before, describe } from "node:test";

import type { Client } from "./lib/client.ts";
import { isGuarded, type Operation } from "./lib/contract.ts";
import type { Conversation, Message } from "./lib/types.ts";
import { ada, contract, grace, nobody, server, unknownId } from "./lib/world.ts";
import { test } from "./lib/test.ts";

/** What a route asks for: nothing, any credentials, a person who signed in, or a permission. */
type Access = "public" | "signed-in" | "session" | `${string}:${string}`;

interface Row {
  access: Access;
  /** It lets somebody in or gives rights, which would outlive an API key: no key may call it, whatever it may do. */
  person?: true;
  /** The status for those who may: of a call that does no harm, on an id that is nobody's or with a body that is wrong. */
  status: number;
  body?: unknown;
}

/** Wrong in every schema: whoever may call gets 422 for it, and nothing happens. */
const wrong = { nothing_of_this_name: true };

const matrix: Record<string, Row> = {
  "GET /api/v1/setup": { access: "public", status: 200 },
  "POST /api/v1/setup": { access: "public", status: 422, body: wrong },
  "POST /api/v1/auth/register": { access: "public", status: 422, body: wrong },
  "POST /api/v1/auth/login": { access: "public", status: 422, body: wrong },
  "POST /api/v1/auth/refresh": { access: "public", status: 401 },
  "POST /api/v1/auth/logout": { access: "public", status: 400, body: wrong },
  "GET /api/v1/auth/me": { access: "signed-in", status: 200 },
  "PATCH /api/v1/auth/me": { access: "account:write", status: 422, body: wrong },
  "DELETE /api/v1/auth/me": { access: "session", status: 422, body: wrong },
  "POST /api/v1/auth/password": { access: "session", status: 422, body: wrong },
  "GET /api/v1/auth/export": { access: "session", status: 200 },
  "GET /api/v1/sessions": { access: "account:read", status: 200 },
  "DELETE /api/v1/sessions/{id}": { access: "account:write", status: 404 },
  "GET /api/v1/api-keys": { access: "keys:manage", status: 200 },
  "POST /api/v1/api-keys": { access: "keys:manage", person: true, status: 422, body: wrong },
  "DELETE /api/v1/api-keys/{id}": { access: "keys:manage", status: 404 },
  "GET /api/v1/users": { access: "users:manage", status: 200 },
  "GET /api/v1/users/{id}": { access: "users:manage", status: 404 },
  "PATCH /api/v1/users/{id}": { access: "users:manage", status: 404, body: {} },
  "POST /api/v1/users/{id}/end-sessions": { access: "users:manage", status: 404 },
  "DELETE /api/v1/users/{id}": { access: "users:manage", status: 404 },
  "GET /api/v1/invitations": { access: "users:manage", status: 200 },
  "POST /api/v1/invitations": { access: "users:manage", person: true, status: 422, body: wrong },
  "DELETE /api/v1/invitations/{id}": { access: "users:manage", status: 404 },
  "GET /api/v1/roles": { access: "users:manage", status: 200 },
  "POST /api/v1/roles": { access: "roles:manage", person: true, status: 422, body: wrong },
  "PATCH /api/v1/roles/{name}": { access: "roles:manage", person: true, status: 404, body: {} },
  "DELETE /api/v1/roles/{name}": { access: "roles:manage", status: 404 },
  "GET /api/v1/settings": { access: "settings:manage", status: 200 },
  "PATCH /api/v1/settings": { access: "settings:manage", person: true, status: 422, body: wrong },
  "GET /api/v1/audit": { access: "audit:read", status: 200 },
  "GET /api/v1/audit/export": { access: "audit:read", status: 200 },
  "GET /api/v1/models": { access: "models:read", status: 200 },
  "GET /api/v1/conversations": { access: "chat:read", status: 200 },
  "POST /api/v1/conversations": { access: "chat:write", status: 422, body: wrong },
  "GET /api/v1/conversations/{id}": { access: "chat:read", status: 404 },
  "PATCH /api/v1/conversations/{id}": { access: "chat:write", status: 404, body: { title: "x" } },
  "DELETE /api/v1/conversations/{id}": { access: "chat:write", status: 404 },
  "POST /api/v1/conversations/{id}/restore": { access: "chat:write", status: 404 },
  "GET /api/v1/conversations/{id}/messages": { access: "chat:read", status: 404 },
  "GET /api/v1/conversations/{id}/forks": { access: "chat:read", status: 404 },
  "POST /api/v1/conversations/{id}/messages": {
    access: "chat:write",
    status: 404,
    body: { content: "x" },
  },
  "GET /api/v1/messages/{id}": { access: "chat:read", status: 404 },
  "POST /api/v1/messages/{id}/stop": { access: "chat:write", status: 404 },
  "POST /api/v1/messages/{id}/continue": { access: "chat:write", status: 404 },
  "POST /api/v1/messages/{id}/regenerate": { access: "chat:write", status: 404 },
  "GET /api/v1/messages/{id}/events": { access: "chat:read", status: 404 },
  "GET /api/v1/search": { access: "chat:read", status: 422 },
  "GET /api/v1/help": { access: "public", status: 200 },
  "GET /api/v1/help/{name}": { access: "public", status: 404 },
  "GET /api/v1/health": { access: "public", status: 200 },
  "GET /api/v1/ready": { access: "public", status: 200 },
};

const viewing = ["account:read", "account:write", "chat:read", "models:read"];
const working = [...viewing, "keys:manage", "chat:write"];
const everything = [
  ...working,
  "models:manage",
  "users:manage",
  "roles:manage",
  "audit:read",
  "settings:manage",
];

interface Caller {
  name: string;
  client: Client;
  permissions: string[];
  /** undefined: nobody. */
  kind?: "person" | "key";
}

const callers: Caller[] = [];
const password = "plum orchard wheelbarrow";

const name = (operation: Operation): string => `${operation.method} ${operation.path}`;
const withId = (operation: Operation, id: string): string =>
  operation.path.replace(/\{[^}]+\}/, encodeURIComponent(id));

function call(client: Client, operation: Operation, id: string) {
  const body = matrix[name(operation)]!.body;
  return client.call(operation.method, withId(operation, id), body === undefined ? {} : { body });
}

function expected(row: Row, caller: Caller): number {
  if (row.access === "public") return row.status;
  if (caller.kind === undefined) return 401;
  if (row.access === "signed-in") return row.status;
  if (row.access === "session") return caller.kind === "person" ? row.status : 403;
  if (row.person && caller.kind === "key") return 403;
  return caller.permissions.includes(row.access) ? row.status : 403;
}

async function signedIn(username: string, role: string): Promise<Client> {
  await server.createUser(username, password, role);
  const client = nobody();
  await client.signIn(username, password);
  return client;
}

describe("the owner matrix", () => {
  before(async () => {
    callers.push({ name: "nobody", client: nobody(), permissions: [] });
    const roles = { viewer: viewing, user: working, developer: working, administrator: everything };
    for (const [role, permissions] of Object.entries(roles))
      callers.push({
        name: role,
        client: await signedIn(`matrix-${role}`, role),
        permissions,
        kind: "person",
      });
    for (const scope of everything) {
      const body = { name: scope, scopes: [scope] };
      const client = nobody();
      client.token = (await ada.post("/api/v1/api-keys", body, 201)).key;
      callers.push({ name: `key ${scope}`, client, permissions: [scope], kind: "key" });
    }
  });

  test("has a row for every route, and a route for every row", () => {
    assert.deepEqual(Object.keys(matrix).sort(), contract.operations.map(name).sort());
  });

  test("says of which routes the document tells that they take a person", () => {
    const told = contract.operations.filter((operation) => operation["x-person"]).map(name);
    const meant = Object.keys(matrix).filter((route) => matrix[route]!.person);
    assert.deepEqual(told.sort(), meant.sort());
  });

  for (const operation of contract.operations) {
    test(name(operation), async (t) => {
      const row = matrix[name(operation)];
      assert.ok(row, "say in owners.test.ts who may call this");
      const seen: string[] = [];
      for (const caller of callers) {
        const { status } = await call(caller.client, operation, unknownId);
        assert.equal(status, expected(row, caller), `${caller.name}: ${name(operation)}`);
        seen.push(`${caller.name} ${status}`);
      }
      t.diagnostic(`${row.access}: ${seen.join(", ")}`);
    });
  }
});

let conversation: Conversation;
let message: Message;

/** The owner's object that a path is about, of those that belong to somebody. */
const objects: Record<string, () => string> = {
  "/api/v1/conversations/{id}": () => conversation.id,
  "/api/v1/messages/{id}": () => message.id,
  "/api/v1/sessions/{id}": () => session,
  "/api/v1/api-keys/{id}": () => key,
};
let session: string;
let key: string;

/** Those of the installation, which its administrators see: the matrix above refuses the others. */
const administered = ["/api/v1/users/{id}", "/api/v1/invitations/{id}"];

/** Fails for a kind of object that is in neither list. */
function isOwned({ path }: Operation): boolean {
  if (administered.some((prefix) => path.startsWith(prefix))) return false;
  assert.ok(
    Object.keys(objects).some((prefix) => path.startsWith(prefix)),
    `whose is ${path}?`,
  );
  return true;
}

function objectOf(operation: Operation): string {
  const prefix = Object.keys(objects).find((path) => operation.path.startsWith(path))!;
  return objects[prefix]!();
}

describe("what is somebody’s", () => {
  before(async () => {
    conversation = await ada.conversation({ title: "hers" });
    const turn = await ada.send(conversation, "hers alone");
    message = await ada.finished(turn.assistant_message.id);
    session = (await ada.get("/api/v1/sessions")).items[0].id;
    key = (await ada.get("/api/v1/api-keys")).items[0].id;
  });

  for (const operation of contract.operations.filter(isGuarded)) {
    if (!operation.path.includes("{id}")) continue;
    test(`is asked for by ${name(operation)} only with credentials`, async () => {
      const stale = nobody();
      stale.token = `${ada.token.slice(0, -2)}AA`;
      assert.equal((await call(stale, operation, unknownId)).status, 401);
    });

    if (!isOwned(operation)) continue;
    test(`is hidden by ${name(operation)} from another user`, async () => {
      const theirs = await call(grace, operation, objectOf(operation));
      const unknown = await call(grace, operation, unknownId);
      const malformed = await call(grace, operation, "no-id");
      for (const reply of [theirs, unknown, malformed]) {
        assert.equal(reply.status, 404, reply.text);
        const { request_id: _, ...problem } = reply.json;
        const { request_id: __, ...expected } = unknown.json;
        assert.deepEqual(problem, expected, "the same answer as for what is not there");
      }
    });
  }

  test("is left as it was", async () => {
    const kept = (await ada.get(`/api/v1/conversations/${conversation.id}`)) as Conversation;
    assert.equal(kept.title, "hers");
    assert.deepEqual(await ada.message(message.id), message);
    assert.equal((await ada.messages(conversation, "?tree=true")).items.length, 2);
    const keys = (await ada.get("/api/v1/api-keys?limit=100")).items as { id: string }[];
    assert.ok(keys.some((item) => item.id === key));
    const sessions = (await ada.get("/api/v1/sessions")).items as { id: string }[];
    assert.ok(sessions.some((item) => item.id === session));
  });
});
