/* Accounts beyond the first: registration, invitations, roles, keys, sessions, one's own data, and the audit log. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe } from "node:test";

import { type Client, refreshCookie } from "./lib/client.ts";
import { model } from "./lib/upstream.ts";
import { ada, contract, grace, nobody, server, unknownId, upstream } from "./lib/world.ts";
import { test } from "./lib/test.ts";
import type { Session } from "./lib/types.ts";

const password = "plum orchard wheelbarrow";
const settings = "/api/v1/settings";
const register = "/api/v1/auth/register";

interface Exported {
  conversation: { title: string; deleted_at: string | null };
  messages: unknown[];
}

let made = 0;

const person = (fields: Record<string, unknown> = {}) => {
  made += 1;
  return { username: `person${made}`, email: `person${made}@example.org`, password, ...fields };
};

async function registration(mode: "open" | "invite" | "closed"): Promise<void> {
  assert.deepEqual(await ada.expect(200, "PATCH", settings, { body: { registration: mode } }), {
    registration: mode,
  });
}

/** Somebody new, who registered, with this role. */
async function newcomer(role = "user"): Promise<Client> {
  await registration("open");
  const client = nobody();
  client.takeSession(await client.call("POST", register, { body: person() }));
  await registration("closed");
  if (role !== "user") {
    await ada.expect(200, "PATCH", `/api/v1/users/${client.session!.user.id}`, { body: { role } });
  }
  return client;
}

async function newKey(
  client: Client,
  scopes: string[],
  fields = {},
): Promise<{ id: string; key: string }> {
  return (await client.post("/api/v1/api-keys", { name: "ci", scopes, ...fields }, 201)) as {
    id: string;
    key: string;
  };
}

function program(key: string): Client {
  const client = nobody();
  client.token = key;
  return client;
}

describe("registration", () => {
  test("is closed at first, and says so", async () => {
    assert.equal((await nobody().get("/api/v1/setup")).registration, "closed");
    await nobody().refused(403, "POST", register, { body: person() });
  });

  test("when open, makes a user and signs in", async () => {
    const client = await newcomer();
    assert.equal(client.session!.user.role, "user");
    assert.equal((await client.get("/api/v1/auth/me")).username, client.session!.user.username);
  });

  test("refuses a name or an address that is taken, in whatever case", async () => {
    await registration("open");
    const first = person();
    await nobody().post(register, first, 201);
    const name = await nobody().refused(409, "POST", register, {
      body: person({ username: first.username.toUpperCase() }),
    });
    assert.match(name.detail, /user name/);
    const address = await nobody().refused(409, "POST", register, {
      body: person({ email: first.email.toUpperCase() }),
    });
    assert.match(address.detail, /address/);
    await registration("closed");
  });

  test("refuses names that look like another's, and passwords that everybody knows", async () => {
    await registration("open");
    for (const username of ["аda", "ada\u200b", "a da", "ad", "-ada", "a".repeat(33)]) {
      const problem = await nobody().refused(422, "POST", register, { body: person({ username }) });
      assert.deepEqual(
        problem.errors?.map((error) => error.field),
        ["username"],
      );
    }
    for (const weak of ["password1234", "aaaaaaaaaaaaaaaa", "short", "x".repeat(257)])
      await nobody().refused(422, "POST", register, { body: person({ password: weak }) });
    await nobody().refused(422, "POST", register, {
      body: person({ email: `${"x".repeat(65)}@example.org` }),
    });
    await nobody().refused(413, "POST", register, {
      body: person({ password: "x".repeat(2 ** 20) }),
    });
    await registration("closed");
  });

  test("by invitation takes a token, once, and gives the role it was made for", async () => {
    await registration("invite");
    await nobody().refused(403, "POST", register, { body: person() });
    await nobody().refused(403, "POST", register, { body: person({ invitation: "made-up" }) });
    const invitation = await ada.post(
      "/api/v1/invitations",
      { role: "developer", email: "d@example.org" },
      201,
    );
    const listed = await ada.get("/api/v1/invitations");
    assert.equal(listed.items[0].id, invitation.id);
    assert.equal(listed.items[0].token, undefined, "shown once");
    const [one, two] = await Promise.all(
      [person(), person()].map((body) =>
        nobody().call("POST", register, { body: { ...body, invitation: invitation.token } }),
      ),
    );
    assert.deepEqual([one!.status, two!.status].sort(), [201, 403]);
    const session = (one!.status === 201 ? one : two)!.json as Session;
    assert.equal(session.user.role, "developer");
    const withdrawn = await ada.post("/api/v1/invitations", {}, 201);
    await ada.expect(204, "DELETE", `/api/v1/invitations/${withdrawn.id}`);
    await nobody().refused(403, "POST", register, {
      body: person({ invitation: withdrawn.token }),
    });
    await registration("closed");
  });
});

describe("roles", () => {
  test("take effect at once, on open sockets and streams too", async () => {
    const client = await newcomer();
    const conversation = await client.conversation({ model_id: model });
    const arrives = upstream.nextChat();
    const turn = await client.send(conversation, "a long answer");
    const chat = await arrives;
    const socket = await client.webSocket();
    const stream = client.events(turn.assistant_message.id);
    chat.say("It begins");
    assert.equal((await stream.next()).value!.event, "delta");
    await ada.expect(200, "PATCH", `/api/v1/users/${client.session!.user.id}`, {
      body: { role: "viewer" },
    });
    assert.equal(await socket.closed(), 4401);
    for await (const event of stream) assert.notEqual(event.event, "done", "the stream was cut");
    chat.end();
    await client.refused(403, "POST", "/api/v1/conversations", { body: {} });
    await client.get("/api/v1/conversations");
    await client.refused(403, "POST", `/api/v1/messages/${turn.assistant_message.id}/stop`);
  });

  test("are made of permissions, and change for those who have them", async () => {
    const role = await ada.post(
      "/api/v1/roles",
      { name: "auditor", permissions: ["audit:read"] },
      201,
    );
    contract.checkRecord("Role", role);
    const client = await newcomer("auditor");
    await client.get("/api/v1/audit?limit=1");
    await client.refused(403, "GET", "/api/v1/conversations");
    await ada.expect(200, "PATCH", "/api/v1/roles/auditor", {
      body: { permissions: ["chat:read"] },
    });
    await client.refused(403, "GET", "/api/v1/audit");
    await client.get("/api/v1/conversations");
    await ada.refused(409, "DELETE", "/api/v1/roles/auditor");
    await ada.expect(200, "PATCH", `/api/v1/users/${client.session!.user.id}`, {
      body: { role: "user" },
    });
    await ada.expect(204, "DELETE", "/api/v1/roles/auditor");
    await ada.refused(409, "PATCH", "/api/v1/roles/viewer", { body: { doc: "x" } });
    await ada.refused(409, "POST", "/api/v1/roles", {
      body: { name: "viewer", permissions: ["chat:read"] },
    });
    await ada.refused(409, "POST", "/api/v1/roles", {
      body: { name: "Administrator", permissions: ["chat:read"] },
    });
    await ada.refused(422, "POST", "/api/v1/roles", {
      body: { name: "odd", permissions: ["chat:fly"] },
    });
    assert.ok(
      (await ada.get("/api/v1/roles")).items.some((item: { built_in: boolean }) => item.built_in),
    );
  });

  test("cannot be given beyond one's own, nor taken from those who have more", async () => {
    await ada.post(
      "/api/v1/roles",
      { name: "manager", permissions: ["users:manage", "chat:read"] },
      201,
    );
    const manager = await newcomer("manager");
    const user = await newcomer();
    const target = `/api/v1/users/${user.session!.user.id}`;
    await manager.refused(403, "PATCH", target, { body: { role: "administrator" } });
    await manager.refused(403, "PATCH", `/api/v1/users/${manager.session!.user.id}`, {
      body: { role: "administrator" },
    });
    await manager.refused(403, "PATCH", `/api/v1/users/${ada.session!.user.id}`, {
      body: { disabled: true },
    });
    await manager.refused(403, "POST", `/api/v1/users/${ada.session!.user.id}/end-sessions`);
    await manager.refused(403, "DELETE", `/api/v1/users/${ada.session!.user.id}`);
    await manager.refused(403, "POST", "/api/v1/invitations", { body: { role: "administrator" } });
    await manager.refused(403, "POST", "/api/v1/roles", {
      body: { name: "mine", permissions: ["settings:manage"] },
    });
    await user.refused(422, "PATCH", "/api/v1/auth/me", { body: { role: "administrator" } });
    await ada.refused(422, "PATCH", target, { body: { role: "emperor" } });
  });

  test("leave an administrator, whoever asks", async () => {
    const own = `/api/v1/users/${ada.session!.user.id}`;
    for (const body of [{ role: "user" }, { disabled: true }])
      await ada.refused(409, "PATCH", own, { body });
    await ada.refused(409, "DELETE", own);
    await ada.refused(409, "DELETE", "/api/v1/auth/me", {
      body: { password: "correct horse battery" },
    });
    const second = await newcomer("administrator");
    const third = await newcomer("administrator");
    const ids = [second, third].map((client) => client.session!.user.id);
    // Two take each other's role at the same time; ada stays, so that both may succeed, but never all three.
    await Promise.all(
      ids.map((id, index) =>
        [second, third][1 - index]!.call("PATCH", `/api/v1/users/${id}`, {
          body: { role: "user" },
        }),
      ),
    );
    for (const id of ids)
      await ada.expect(200, "PATCH", `/api/v1/users/${id}`, { body: { role: "user" } });
    await ada.refused(409, "PATCH", own, { body: { role: "user" } });
  });
});

describe("managing users", () => {
  test("lists them by name, finds them by its beginning, in pages", async () => {
    await newcomer();
    const first = await ada.get("/api/v1/users?limit=1&q=PERSON");
    assert.equal(first.items.length, 1);
    const second = await ada.get(`/api/v1/users?limit=1&q=person&cursor=${first.next_cursor}`);
    assert.ok(second.items[0].username > first.items[0].username);
    assert.equal((await ada.get("/api/v1/users?q=nobodyatall")).items.length, 0);
    const { username, email } = second.items[0];
    const found = (await ada.get(`/api/v1/users?q=${encodeURIComponent(email.toUpperCase())}`))
      .items;
    assert.deepEqual(
      found.map((user: { username: string }) => user.username),
      [username],
    );
    assert.equal((await ada.get("/api/v1/users?q=%40")).items.length, 0, "only by the whole of it");
    assert.equal((await ada.get(`/api/v1/users/${ada.session!.user.id}`)).username, "ada");
  });

  test("disables, which ends the sessions and refuses to sign in, and enables again", async () => {
    const client = await newcomer();
    const { id, username } = client.session!.user;
    await ada.expect(200, "PATCH", `/api/v1/users/${id}`, { body: { disabled: true } });
    await client.refused(401, "GET", "/api/v1/auth/me");
    await nobody().refused(401, "POST", "/api/v1/auth/refresh", {
      headers: { cookie: client.cookie },
    });
    await nobody().refused(401, "POST", "/api/v1/auth/login", { body: { username, password } });
    await ada.expect(200, "PATCH", `/api/v1/users/${id}`, { body: { disabled: false } });
    await nobody().signIn(username, password);
  });

  test("signs somebody out everywhere", async () => {
    const client = await newcomer();
    await ada.expect(204, "POST", `/api/v1/users/${client.session!.user.id}/end-sessions`);
    await client.refused(401, "GET", "/api/v1/auth/me");
  });

  test("deletes an account with all it has", async () => {
    const client = await newcomer();
    const conversation = await client.conversation({ title: "gone" });
    const { id } = client.session!.user;
    await ada.expect(204, "DELETE", `/api/v1/users/${id}`);
    await client.refused(401, "GET", `/api/v1/conversations/${conversation.id}`);
    await ada.refused(404, "GET", `/api/v1/users/${id}`);
    await ada.refused(404, "DELETE", `/api/v1/users/${id}`);
  });
});

describe("sessions", () => {
  test("are listed with where they are used, and can be ended one by one", async () => {
    const client = await newcomer();
    const elsewhere = nobody();
    await elsewhere.signIn(client.session!.user.username, password);
    const list = await client.get("/api/v1/sessions");
    assert.equal(list.items.length, 2);
    assert.deepEqual(list.items.map((item: { current: boolean }) => item.current).sort(), [
      false,
      true,
    ]);
    for (const item of list.items) assert.equal(item.address, "127.0.0.1");
    const page = await client.get("/api/v1/sessions?limit=1");
    const rest = await client.get(`/api/v1/sessions?limit=1&cursor=${page.next_cursor}`);
    assert.notEqual(rest.items[0].id, page.items[0].id);
    const socket = await elsewhere.webSocket();
    const other = list.items.find((item: { current: boolean }) => !item.current);
    await grace.refused(404, "DELETE", `/api/v1/sessions/${other.id}`);
    await client.expect(204, "DELETE", `/api/v1/sessions/${other.id}`);
    assert.equal(await socket.closed(), 4401);
    await elsewhere.refused(401, "GET", "/api/v1/auth/me");
    await client.get("/api/v1/auth/me");
  });

  test("of a hundred refreshes at once have one lineage", async () => {
    const { cookie } = await newcomer();
    const replies = await Promise.all(
      Array.from({ length: 100 }, () =>
        nobody().call("POST", "/api/v1/auth/refresh", { headers: { cookie } }),
      ),
    );
    const cookies = new Set(
      replies.map((reply) => {
        assert.equal(reply.status, 200, reply.text);
        return refreshCookie(reply);
      }),
    );
    assert.equal(cookies.size, 1, "everybody got the same successor");
  });

  test("end when a token is replayed after its successor was used", async () => {
    const client = await newcomer();
    const refresh = (cookie: string) =>
      nobody().call("POST", "/api/v1/auth/refresh", { headers: { cookie } });
    const second = refreshCookie(await refresh(client.cookie));
    const third = refreshCookie(await refresh(second));
    assert.equal((await refresh(client.cookie)).status, 401);
    assert.equal((await refresh(third)).status, 401, "its descendants too");
    await client.refused(401, "GET", "/api/v1/auth/me");
  });
});

describe("one’s own account", () => {
  test("can be given a name, and with the password another address", async () => {
    const client = await newcomer();
    const me = "/api/v1/auth/me";
    assert.equal(
      (await client.expect(200, "PATCH", me, { body: { full_name: "Grace H." } })).full_name,
      "Grace H.",
    );
    assert.equal(
      (await client.expect(200, "PATCH", me, { body: { full_name: null } })).full_name,
      null,
    );
    await client.refused(422, "PATCH", me, { body: { email: "new@example.org" } });
    await client.refused(422, "PATCH", me, {
      body: { email: "new@example.org", password: "not mine" },
    });
    const email = `new${made}@example.org`;
    assert.equal(
      (await client.expect(200, "PATCH", me, { body: { email, password } })).email,
      email,
    );
    await client.refused(409, "PATCH", me, { body: { email: "ada@example.org", password } });
  });

  test("keeps its session when the password changes, and loses all others", async () => {
    const client = await newcomer();
    const { username } = client.session!.user;
    const elsewhere = nobody();
    await elsewhere.signIn(username, password);
    const change = "/api/v1/auth/password";
    await client.refused(422, "POST", change, {
      body: { current_password: "wrong one entirely", new_password: "another orchard wheelbarrow" },
    });
    await client.refused(422, "POST", change, {
      body: { current_password: password, new_password: username.repeat(3) },
    });
    await client.refused(422, "POST", change, {
      body: { current_password: password, new_password: password },
    });
    await client.expect(204, "POST", change, {
      body: { current_password: password, new_password: "another orchard wheelbarrow" },
    });
    await client.get("/api/v1/auth/me");
    await elsewhere.refused(401, "GET", "/api/v1/auth/me");
    await nobody().refused(401, "POST", "/api/v1/auth/login", { body: { username, password } });
    await nobody().signIn(username, "another orchard wheelbarrow");
  });

  test("can be taken along as a file", async () => {
    const client = await newcomer();
    const conversation = await client.conversation({ title: "kept" });
    const turn = await client.send(conversation, "x".repeat(100_000));
    await client.finished(turn.assistant_message.id);
    await client.conversation({ title: "second" });
    const gone = await client.conversation({ title: "deleted" });
    await client.send(gone, "still mine");
    await client.call("DELETE", `/api/v1/conversations/${gone.id}`);
    const key = await newKey(client, ["chat:read"]);
    const other = await newcomer();
    await other.conversation({ title: "another’s" });
    const reply = await client.call("GET", "/api/v1/auth/export");
    const file = reply.json;
    assert.match(reply.headers.get("content-disposition") ?? "", /attachment/);
    assert.equal(file.account.username, client.session!.user.username);
    assert.deepEqual(
      file.conversations.map((item: Exported) => [
        item.conversation.title,
        item.conversation.deleted_at !== null,
        item.messages.length,
      ]),
      [
        ["kept", false, 2],
        ["second", false, 0],
        ["deleted", true, 2],
      ],
    );
    assert.equal(file.conversations[0].messages[0].content.length, 100_000);
    assert.equal(file.sessions.length, 1);
    assert.equal(file.sessions[0].current, true);
    assert.deepEqual(
      file.api_keys.map((each: { id: string }) => each.id),
      [key.id],
    );
    assert.ok(!reply.text.includes(key.key));
    assert.deepEqual(file.grants, []);
    assert.deepEqual(
      file.audit.map((row: { action: string }) => row.action),
      ["account.register", "session.open", "key.create", "account.export"],
    );
  });

  test("has in the file what the guide says, and nothing else", async () => {
    const guide = await readFile(new URL("../../docs/user-guide.md", import.meta.url), "utf8");
    const table = guide.split("\n## ").find((part) => part.startsWith("Export all my data"))!;
    const told = Array.from(table.matchAll(/^\| `(\w+)` \|/gm), (row) => row[1]);
    assert.deepEqual(Object.keys((await ada.call("GET", "/api/v1/auth/export")).json), told);
  });

  test("takes along the invitations that it made, and no other's", async () => {
    const made = await ada.post("/api/v1/invitations", { role: "user" }, 201);
    const reply = await ada.call("GET", "/api/v1/auth/export");
    const ids = (file: { invitations: { id: string }[] }): string[] =>
      file.invitations.map(({ id }) => id);
    assert.ok(ids(reply.json).includes(made.id));
    assert.ok(!reply.text.includes(made.token));
    const other = await newcomer();
    assert.deepEqual(ids(await other.get("/api/v1/auth/export")), []);
  });

  test("is deleted with the password, at once and for good", async () => {
    const client = await newcomer();
    const { username, email } = client.session!.user;
    await client.refused(422, "DELETE", "/api/v1/auth/me", {
      body: { password: "not mine at all" },
    });
    await client.expect(204, "DELETE", "/api/v1/auth/me", { body: { password } });
    await client.refused(401, "GET", "/api/v1/auth/me");
    await nobody().refused(401, "POST", "/api/v1/auth/login", { body: { username, password } });
    await registration("open");
    await nobody().post(register, { username, email, password }, 201);
    await registration("closed");
  });
});

describe("API keys", () => {
  test("are shown once, come by either header, and do what they are for", async () => {
    const client = await newcomer();
    const { id, key } = await newKey(client, ["chat:read"], { expires_in_days: 1 });
    assert.match(key, /^wp_[\w-]{43}$/);
    await program(key).get("/api/v1/conversations");
    const byHeader = await nobody().call("GET", "/api/v1/conversations", {
      headers: { "x-api-key": key },
    });
    assert.equal(byHeader.status, 200);
    await program(key).refused(403, "POST", "/api/v1/conversations", { body: {} });
    const refused = await nobody().call("POST", "/api/v1/conversations", {
      headers: { "x-api-key": key },
      body: {},
    });
    assert.equal(refused.status, 403, "the same limits by the other header");
    const both = await client.call("GET", "/api/v1/conversations", {
      headers: { "x-api-key": key },
    });
    assert.equal(both.status, 401, "two different credentials are none");
    const [listed] = (await client.get("/api/v1/api-keys")).items;
    assert.equal(listed.key, undefined);
    assert.ok(key.startsWith(listed.prefix));
    assert.ok(listed.last_used_at, "its use was noted");
    await grace.refused(404, "DELETE", `/api/v1/api-keys/${id}`);
    await client.expect(204, "DELETE", `/api/v1/api-keys/${id}`);
    await program(key).refused(401, "GET", "/api/v1/conversations");
    await client.refused(404, "DELETE", `/api/v1/api-keys/${id}`);
  });

  test("never reach beyond their owner, now or later", async () => {
    const client = await newcomer();
    await client.refused(422, "POST", "/api/v1/api-keys", {
      body: { name: "x", scopes: ["users:manage"] },
    });
    await client.refused(422, "POST", "/api/v1/api-keys", { body: { name: "x", scopes: [] } });
    const { key } = await newKey(client, ["chat:read", "chat:write"]);
    await program(key).post("/api/v1/conversations", {}, 201);
    await ada.expect(200, "PATCH", `/api/v1/users/${client.session!.user.id}`, {
      body: { role: "viewer" },
    });
    await program(key).refused(403, "POST", "/api/v1/conversations", { body: {} });
    await ada.expect(200, "PATCH", `/api/v1/users/${client.session!.user.id}`, {
      body: { disabled: true },
    });
    await program(key).refused(401, "GET", "/api/v1/conversations");
  });

  test("do not stand for the person", async () => {
    const client = await newcomer();
    const { key } = await newKey(client, [
      "account:read",
      "account:write",
      "keys:manage",
      "chat:read",
    ]);
    await program(key).refused(403, "POST", "/api/v1/auth/password", {
      body: { current_password: password, new_password: "another orchard wheelbarrow" },
    });
    await program(key).refused(403, "DELETE", "/api/v1/auth/me", { body: { password } });
    await program(key).refused(403, "GET", "/api/v1/auth/export");
    const wider = { name: "wider", scopes: ["chat:write"] };
    await program(key).refused(403, "POST", "/api/v1/api-keys", { body: wider });
    const like = { name: "like itself", scopes: ["chat:read"] };
    await program(key).refused(403, "POST", "/api/v1/api-keys", { body: like });
    assert.equal((await program(key).get("/api/v1/api-keys")).items.length, 1);
  });

  test("let nobody in, and give nobody rights, which would outlive them", async () => {
    const manager = await newcomer("administrator");
    const { id, key } = await newKey(manager, ada.session!.permissions);
    const accomplice = `/api/v1/users/${(await newcomer()).session!.user.id}`;
    await program(key).expect(200, "PATCH", accomplice, { body: { disabled: true } });
    for (const body of [{ role: "administrator" }, { role: "viewer" }, { disabled: false }])
      await program(key).refused(403, "PATCH", accomplice, { body });
    for (const role of ["administrator", "user"])
      await program(key).refused(403, "POST", "/api/v1/invitations", { body: { role } });
    const permissions = ["users:manage"];
    await program(key).refused(403, "POST", "/api/v1/roles", {
      body: { name: "left-behind", permissions },
    });
    await ada.post("/api/v1/roles", { name: "kept-small", permissions: ["chat:read"] }, 201);
    await program(key).refused(403, "PATCH", "/api/v1/roles/kept-small", { body: { permissions } });
    await program(key).refused(403, "PATCH", settings, { body: { registration: "open" } });
    assert.deepEqual(await program(key).get(settings), { registration: "closed" });
    await manager.expect(204, "DELETE", `/api/v1/api-keys/${id}`);
    const left = await ada.get(accomplice);
    assert.equal(left.role, "user");
    assert.ok(left.disabled_at);
    await ada.expect(204, "DELETE", "/api/v1/roles/kept-small");
  });

  test("list in pages", async () => {
    const client = await newcomer();
    for (let i = 0; i < 3; i++) await newKey(client, ["chat:read"]);
    const first = await client.get("/api/v1/api-keys?limit=2");
    const second = await client.get(`/api/v1/api-keys?limit=2&cursor=${first.next_cursor}`);
    assert.deepEqual([first.items.length, second.items.length, second.next_cursor], [2, 1, null]);
  });

  test("are refused when they are made up, or of another installation", async () => {
    await program(`wp_${"A".repeat(43)}`).refused(401, "GET", "/api/v1/conversations");
    await program("wp_").refused(401, "GET", "/api/v1/conversations");
  });
});

describe("the audit log", () => {
  test("tells who did what to whom, newest first, and can be filtered", async () => {
    const client = await newcomer();
    const { id, username } = client.session!.user;
    await nobody().refused(401, "POST", "/api/v1/auth/login", {
      body: { username, password: "wrong one here" },
    });
    const failed = (await ada.get(`/api/v1/audit?object_id=${id}&action=session.open`)).items;
    assert.equal(failed[0].outcome, "refused");
    assert.equal(JSON.parse(failed[0].details).username, username);
    const own = (await ada.get(`/api/v1/audit?actor_id=${id}`)).items;
    assert.deepEqual(
      own.map((row: { action: string }) => row.action),
      ["session.open", "account.register"],
    );
    const page = await ada.get("/api/v1/audit?limit=2");
    const next = await ada.get(`/api/v1/audit?limit=2&cursor=${page.next_cursor}`);
    assert.equal(next.items[0].seq, page.items[1].seq - 1);
    const since = new Date(Date.now() + 3600_000).toISOString();
    assert.equal((await ada.get(`/api/v1/audit?since=${since}`)).items.length, 0);
    assert.ok(
      (await ada.get(`/api/v1/audit?until=${since}&since=2020-01-01T00:00:00Z`)).items.length > 0,
    );
    await ada.refused(422, "GET", "/api/v1/audit?action=nothing");
    await grace.refused(403, "GET", "/api/v1/audit");
  });

  test("keeps no name that is nobody's: it may be a password that was typed in its place", async () => {
    const typed = "Plum-Orchard-Wheelbarrow-7";
    for (const username of [typed, `${typed}@example.org`])
      await nobody().refused(401, "POST", "/api/v1/auth/login", { body: { username, password } });
    const [, row] = (await ada.get("/api/v1/audit?action=session.open&limit=2")).items;
    assert.deepEqual([row.outcome, row.actor_id, row.object_id], ["refused", "", ""]);
    assert.deepEqual(JSON.parse(row.details), { address: "127.0.0.1" });
    const exported = await ada.call("GET", "/api/v1/audit/export");
    assert.ok(!exported.text.toLowerCase().includes(typed.toLowerCase()));
  });

  test("forgets who a deleted account was, and still holds together", async () => {
    const client = await newcomer();
    const { id, username } = client.session!.user;
    await client.expect(204, "DELETE", "/api/v1/auth/me", { body: { password } });
    for (const row of (await ada.get(`/api/v1/audit?actor_id=${id}`)).items)
      assert.ok(row.details === null || row.details === "{}");
    const exported = await ada.call("GET", "/api/v1/audit/export");
    assert.ok(!exported.text.includes(username));
    const rows = exported.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { seq: number });
    assert.deepEqual(
      rows.map((row) => row.seq),
      rows.map((_, index) => index + 1),
    );
    const { code, output } = await server.command(["audit", "verify", "--data", server.data]);
    assert.equal(code, 0, output);
    assert.match(output, /none changed or missing/);
  });

  test("keeps what is not there from whoever may not know", async () => {
    await ada.refused(404, "GET", `/api/v1/users/${unknownId}`);
    await grace.refused(403, "GET", `/api/v1/users/${unknownId}`);
  });
});
