/* What somebody would try who means harm: to act after their rights ended, or to get more than they were given. */
import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import { describe } from "node:test";

import type { Client } from "./lib/client.ts";
import { parseReply } from "./lib/raw.ts";
import { Server } from "./lib/server.ts";
import { ada, nobody, server } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const password = "plum orchard wheelbarrow";

let made = 0;

/** Somebody new, who is signed in, with this role. */
async function newcomer(role = "user"): Promise<Client> {
  made += 1;
  await server.createUser(`mallory${made}`, password);
  const client = nobody();
  await client.signIn(`mallory${made}`, password);
  if (role !== "user")
    await ada.expect(200, "PATCH", `/api/v1/users/${client.session!.user.id}`, { body: { role } });
  return client;
}

/** A request whose head was read, and whose body is kept back until `finish`. */
async function heldRequest(
  client: Client,
  target: string,
  body: object,
): Promise<{ finish: () => Promise<number> }> {
  await client.get("/api/v1/auth/me"); // so that the server knows the token when it reads the head
  const text = JSON.stringify(body);
  const socket = net.connect(server.port, "127.0.0.1");
  let received = "";
  socket.on("data", (data) => (received += data.toString("latin1")));
  const closed = once(socket, "close");
  socket.write(
    `POST ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n` +
      `Connection: close\r\nExpect: 100-continue\r\n\r\n`,
  );
  while (!received.includes("100 Continue")) await once(socket, "data");
  return {
    finish: async () => {
      received = "";
      socket.write(text);
      await closed;
      return parseReply(received).status;
    },
  };
}

describe("a request whose body is kept back", () => {
  test("is refused when its session has ended meanwhile", async () => {
    const client = await newcomer();
    const held = await heldRequest(client, "/api/v1/conversations", { title: "too late" });
    await ada.expect(204, "POST", `/api/v1/users/${client.session!.user.id}/end-sessions`);
    assert.equal(await held.finish(), 401);
  });

  test("is held to the role that its sender has by then", async () => {
    const client = await newcomer("administrator");
    const held = await heldRequest(client, "/api/v1/invitations", { role: "administrator" });
    await ada.expect(200, "PATCH", `/api/v1/users/${client.session!.user.id}`, {
      body: { role: "user" },
    });
    assert.equal(await held.finish(), 403);
  });
});

describe("a password that is being changed", () => {
  test("opens no session that outlives the change", async () => {
    const client = await newcomer();
    const { username } = client.session!.user;
    let changed = false;
    const change = client
      .call("POST", "/api/v1/auth/password", {
        body: { current_password: password, new_password: "another orchard wheelbarrow" },
      })
      .finally(() => (changed = true));
    // Each signs in again and again, so that some are in the middle of it when the password changes.
    const thief = async (): Promise<void> => {
      const sessions: Client[] = [];
      while (!changed) {
        const session = nobody();
        const reply = await session.call("POST", "/api/v1/auth/login", {
          body: { username, password },
        });
        if (reply.status === 401) break;
        session.takeSession(reply);
        sessions.push(session);
      }
      await change;
      for (const session of sessions) await session.refused(401, "GET", "/api/v1/auth/me");
    };
    await Promise.all(Array.from({ length: 6 }, thief));
    assert.equal((await change).status, 204);
  });

  test("is changed once by two who know it", async () => {
    const client = await newcomer();
    const change = (new_password: string) =>
      client.call("POST", "/api/v1/auth/password", {
        body: { current_password: password, new_password },
      });
    const replies = await Promise.all([
      change("one orchard wheelbarrow"),
      change("two orchard wheelbarrows"),
    ]);
    const statuses = replies.map((reply) => reply.status).sort();
    assert.equal(statuses[0], 204);
    assert.ok(statuses[1] === 401 || statuses[1] === 422, `${statuses[1]}`);
  });
});

describe("an invitation", () => {
  const use = (token: string): Promise<number> =>
    nobody()
      .call("POST", "/api/v1/auth/register", {
        body: {
          username: `guest${++made}`,
          email: `guest${made}@example.org`,
          password,
          invitation: token,
        },
      })
      .then((reply) => reply.status);

  test("is worth no more than who made it may still give", async () => {
    await ada.expect(200, "PATCH", "/api/v1/settings", { body: { registration: "invite" } });
    const admin = await newcomer("administrator");
    const invite = async () =>
      (
        (await admin.post("/api/v1/invitations", { role: "administrator" }, 201)) as {
          token: string;
        }
      ).token;
    const tokens = [await invite(), await invite(), await invite()] as const;
    const own = `/api/v1/users/${admin.session!.user.id}`;
    await ada.expect(200, "PATCH", own, { body: { role: "user" } });
    assert.equal(await use(tokens[0]), 403, "the maker lost the role");
    await ada.expect(200, "PATCH", own, { body: { role: "administrator", disabled: true } });
    assert.equal(await use(tokens[0]), 403, "the maker was disabled");
    await ada.expect(200, "PATCH", own, { body: { disabled: false } });
    assert.equal(await use(tokens[0]), 201);
    await ada.expect(204, "DELETE", own);
    assert.equal(await use(tokens[1]), 403, "the maker is gone");
    await ada.expect(200, "PATCH", "/api/v1/settings", { body: { registration: "closed" } });
  });
});

describe("roles", () => {
  test("are never so many that one is not listed", async () => {
    const names = Array.from(
      { length: 101 },
      (_, index) => `role-${String(index).padStart(3, "0")}`,
    );
    let refused = 0;
    for (const name of names) {
      const reply = await ada.call("POST", "/api/v1/roles", {
        body: { name, permissions: ["chat:read"] },
      });
      if (reply.status !== 201) assert.equal(reply.status, 409, reply.text);
      refused += Number(reply.status === 409);
    }
    const { items } = (await ada.get("/api/v1/roles")) as {
      items: { name: string; built_in: boolean }[];
    };
    const listed = items.filter((role) => !role.built_in).map((role) => role.name);
    assert.ok(refused > 0);
    for (const name of names.slice(0, 101 - refused)) assert.ok(listed.includes(name), name);
    for (const name of listed.filter((name) => name.startsWith("role-")))
      await ada.expect(204, "DELETE", `/api/v1/roles/${name}`);
  });
});

describe("a flood of sign-ins", () => {
  test("is refused beyond a bound, and leaves the others their workers", async () => {
    const small = await Server.start({ env: { WEBPLUS_WORKERS: "8" } });
    try {
      const attempts = Array.from({ length: 60 }, () =>
        fetch(`${small.url}/api/v1/auth/login`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ username: "nobody", password }),
        }),
      );
      const ready = await fetch(`${small.url}/api/v1/setup`);
      assert.equal(ready.status, 200);
      const replies = await Promise.all(attempts);
      const refused = replies.filter(({ status }) => status === 503);
      assert.ok(refused.length > 0, "some were refused at once");
      assert.ok(refused.every(({ headers }) => Number(headers.get("retry-after")) > 0));
      assert.ok(replies.some(({ status }) => status === 401));
      assert.ok(replies.every(({ status }) => status === 401 || status === 503));
    } finally {
      await small.remove();
    }
  });
});
