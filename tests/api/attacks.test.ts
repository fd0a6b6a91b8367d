/* What somebody would try who means harm: to act after their rights ended, or to get more than they were given. */
import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import { describe } from "node:test";

import type { Client } from "./lib/client.ts";
import { parseReply } from "./lib/raw.ts";
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
