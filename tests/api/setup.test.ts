import assert from "node:assert/strict";
import { readFile, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { after, before, describe } from "node:test";

import { Client, refreshCookie } from "./lib/client.ts";
import { Server } from "./lib/server.ts";
import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const ada = { username: "Ada", email: "ada@example.org", password: "correct horse battery" };

describe("set-up", () => {
  let server: Server;
  let nobody: Client;

  before(async () => {
    server = await Server.start();
    nobody = new Client(server.url, contract);
  });
  after(() => server.remove());

  test("is asked for by a new installation, which prints one link with a token", async () => {
    assert.deepEqual(await nobody.get("/api/v1/setup"), {
      required: true,
      registration: "closed",
    });
    assert.equal(server.output.filter((line) => line.includes("/setup?token=")).length, 1);
    assert.ok(server.setupToken.length >= 32, "a token that cannot be guessed");
  });

  test("refuses a wrong token", async () => {
    const problem = await nobody.refused(403, "POST", "/api/v1/setup", {
      body: { ...ada, token: `x${server.setupToken}` },
    });
    assert.equal(problem.code, "forbidden");
  });

  test("names every field that is wrong, at once", async () => {
    const body = { token: server.setupToken, username: "a b", email: "nowhere", password: "short" };
    const problem = await nobody.refused(422, "POST", "/api/v1/setup", { body });
    assert.deepEqual(problem.errors?.map((error) => error.field).sort(), [
      "email",
      "password",
      "username",
    ]);
  });

  test("refuses a password that everybody knows, and one that is the name", async () => {
    for (const password of ["password1234", "ada@example.org"]) {
      const problem = await nobody.refused(422, "POST", "/api/v1/setup", {
        body: { ...ada, token: server.setupToken, password },
      });
      assert.deepEqual(
        problem.errors?.map((error) => error.field),
        ["password"],
      );
    }
  });

  test("makes exactly one administrator of many who try at once, and signs them in", async () => {
    const replies = await Promise.all(
      Array.from({ length: 4 }, () =>
        nobody.call("POST", "/api/v1/setup", { body: { ...ada, token: server.setupToken } }),
      ),
    );
    const made = replies.filter((reply) => reply.status === 201);
    assert.equal(made.length, 1);
    for (const reply of replies)
      assert.ok([201, 403, 409].includes(reply.status), `${reply.status}`);
    const client = new Client(server.url, contract);
    const session = client.takeSession(made[0]!);
    assert.equal(session.token_type, "Bearer");
    assert.equal(session.expires_in, 900);
    assert.equal(session.user.username, "ada");
    assert.equal(session.user.role, "administrator");
    assert.deepEqual(await client.get("/api/v1/auth/me"), session.user);
    assert.match(refreshCookie(made[0]!), /=\S{32,}/);
  });

  test("is over afterwards", async () => {
    assert.deepEqual(await nobody.get("/api/v1/setup"), {
      required: false,
      registration: "closed",
    });
    await nobody.refused(409, "POST", "/api/v1/setup", {
      body: { ...ada, username: "eve", token: server.setupToken },
    });
  });

  test("is not asked for by a second start, which knows its users and their sessions", async () => {
    const client = new Client(server.url, contract);
    await client.signIn(ada.username, ada.password);
    assert.deepEqual(await server.end(), { code: 0, signal: null });
    await server.run();
    assert.equal(server.setupToken, "");
    const again = new Client(server.url, contract);
    again.token = client.token;
    await again.get("/api/v1/auth/me");
    await again.signIn(ada.username, ada.password);
  });

  test("leaves secrets that only the owner of the folder can read, and content that nobody can", async () => {
    const client = new Client(server.url, contract);
    await client.signIn(ada.username, ada.password);
    const secret = "xylophone-4711 in the content";
    const conversation = await client.conversation({ title: "marzipan-0815 in the title" });
    const { assistant_message } = await client.send(conversation, secret);
    await client.finished(assistant_message.id);
    await client.get(`/api/v1/conversations/${conversation.id}`);
    for (const name of await readdir(server.data)) {
      const file = path.join(server.data, name);
      const status = await stat(file);
      if (!status.isFile()) continue;
      assert.equal(status.mode & 0o077, 0, `${name} is the owner's alone`);
      const bytes = (await readFile(file)).toString("latin1");
      for (const word of [
        "xylophone-4711",
        "marzipan-0815",
        ada.password,
        client.cookie.split("=")[1]!,
      ])
        assert.ok(!bytes.includes(word), `${name} holds ${word}`);
    }
  });
});
