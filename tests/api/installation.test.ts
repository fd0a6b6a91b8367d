/* What lies on the disk: who may use it, who can read it, and what happens when a part of it is missing. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rename, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import { Server } from "./lib/server.ts";
import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const ada = { username: "ada", email: "ada@example.org", password: "correct horse battery" };

/** A server on a database of SQLite in its data folder, whatever the others use. */
async function startOnSqlite(env: Record<string, string> = {}): Promise<Server> {
  const data = await mkdtemp(path.join(tmpdir(), "webplus-test-"));
  return Server.start({ data, env: { WEBPLUS_DATABASE_URL: `sqlite:${data}`, ...env } });
}

async function setUp(server: Server): Promise<Client> {
  const client = new Client(server.url, contract);
  client.takeSession(
    await client.call("POST", "/api/v1/setup", { body: { ...ada, token: server.setupToken } }),
  );
  return client;
}

function filesIn(folder: string): Promise<string[]> {
  return readdir(folder, { recursive: true });
}

/** The files of a folder with what is in them. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const name of (await filesIn(folder)).sort()) {
    const file = path.join(folder, name);
    if ((await stat(file)).isFile())
      content[name] = createHash("sha256")
        .update(await readFile(file))
        .digest("hex");
  }
  return content;
}

describe("a database of SQLite that is served", () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await startOnSqlite({ WEBPLUS_GUIDE_WORDS_PER_SECOND: "60" });
    client = await setUp(server);
  });
  after(() => server.remove());

  test("has one server: a second refuses, and ends nothing that the first one streams", async () => {
    const { assistant_message } = await client.send(
      await client.conversation(),
      "How do I install Web+ on Debian?",
    );
    // Its address is taken too, so that it ends in any case.
    const second = await server.command([
      "serve",
      "--listen",
      `127.0.0.1:${server.port}`,
      "--data",
      server.data,
    ]);
    assert.notEqual(second.code, 0);
    assert.match(second.output, new RegExp(`process ${server.pid} .*webplus\\.lock`));
    assert.equal((await client.finished(assistant_message.id)).status, "complete");
  });

  test("may be looked at and given users, but not migrated", async () => {
    await server.createUser("grace", "staple horse battery");
    const status = await server.command(["migrate", "status", "--data", server.data]);
    assert.equal(status.code, 0, status.output);
    for (const words of [["up"], ["down", "0"]]) {
      const refused = await server.command(["migrate", ...words, "--data", server.data]);
      assert.notEqual(refused.code, 0);
      assert.match(refused.output, /webplus\.lock/);
    }
    await client.get("/api/v1/conversations");
  });

  test("is free again as soon as its server is dead, however it died", async () => {
    await server.end("SIGKILL");
    const up = await server.command(["migrate", "up", "--data", server.data]);
    assert.equal(up.code, 0, up.output);
    await server.run();
  });
});

test("a data folder has one server on every database, as it holds the server's own name", async () => {
  const server = await Server.start();
  try {
    const second = await server.command([
      "serve",
      "--listen",
      `127.0.0.1:${server.port}`,
      "--data",
      server.data,
    ]);
    assert.notEqual(second.code, 0);
    assert.match(second.output, new RegExp(`process ${server.pid} .*webplus\\.lock`));
  } finally {
    await server.remove();
  }
});

describe("the master key", () => {
  let server: Server;
  let client: Client;
  const key = (): string => path.join(server.data, "master.key");

  before(async () => {
    server = await startOnSqlite();
    client = await setUp(server);
  });
  after(() => server.remove());

  test("is not made anew for a database that was written under another", async () => {
    const { id } = await client.conversation({ title: "Before the loss" });
    await server.end();
    const kept = `${server.data}.key`;
    await rename(key(), kept);
    const before = await contentOf(server.data);
    for (const command of [
      ["serve", "--listen", "nowhere:0"],
      ["user", "create", "--username", "eve", "--email", "eve@example.org"],
    ]) {
      const refused = await server.command(
        [...command, "--data", server.data],
        "a long enough password\n",
      );
      assert.notEqual(refused.code, 0);
      assert.match(refused.output, /master\.key is missing/);
      assert.deepEqual(await contentOf(server.data), before, "nothing was written");
    }
    await rename(kept, key());
    await server.run();
    const again = new Client(server.url, contract);
    await again.signIn(ada.username, ada.password);
    assert.equal((await again.get(`/api/v1/conversations/${id}`)).title, "Before the loss");
  });

  test("is made for a database that has only its tables", async () => {
    const data = path.join(server.data, "later");
    const url = `sqlite:${data}/webplus.db`;
    const up = await server.command(["migrate", "up", "--data", data, "--database-url", url]);
    assert.equal(up.code, 0, up.output);
    const later = await Server.start({ data, env: { WEBPLUS_DATABASE_URL: url } });
    await later.remove();
  });
});

describe("a damaged row", () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await startOnSqlite();
    client = await setUp(server);
  });
  after(() => server.remove());

  test("hides no other, and the log says where it stands", async () => {
    const damaged = await client.conversation({ title: "Lost" });
    const whole = await client.conversation({ title: "Kept" });
    const database = new DatabaseSync(path.join(server.data, "webplus.db"));
    database.prepare("UPDATE conversation SET title = x'00' WHERE id = ?").run(damaged.id);
    database.close();
    assert.deepEqual((await client.get("/api/v1/conversations")).items, [whole]);
    const problem = await client.refused(500, "GET", `/api/v1/conversations/${damaged.id}`);
    assert.equal(problem.code, "corrupt");
    const line = await server.printed((text) => text.includes('"damaged row"'));
    assert.deepEqual(
      Object.entries(JSON.parse(line) as Record<string, string>).slice(-3),
      Object.entries({ table: "conversation", column: "title", key: damaged.id }),
    );
  });
});

test("the data folder holds nothing that others may read, whatever the umask", async () => {
  const umask = process.umask(0);
  try {
    const server = await startOnSqlite();
    const client = await setUp(server);
    const { assistant_message } = await client.send(await client.conversation(), "Hello");
    await client.finished(assistant_message.id);
    const made = path.join(server.data, "made");
    await server.command([
      "migrate",
      "up",
      "--data",
      made,
      "--database-url",
      `sqlite:${made}/x.db`,
    ]);
    const served = await filesIn(server.data);
    await server.end();
    const down = await server.command(["migrate", "down", "0", "--data", server.data]);
    assert.match(down.output, /root_key_is_in_use/);
    assert.equal(down.code, 1);
    const left = await filesIn(server.data);
    for (const part of [/^master\.key$/, /^webplus\.db-wal$/, /^webplus\.lock$/, /^made\/x\.db$/])
      assert.ok(
        served.some((name) => part.test(name)),
        `${part} in ${served.join(" ")}`,
      );
    assert.ok(
      left.some((name) => /^backups\/.*\.db$/.test(name)),
      left.join(" "),
    );
    for (const name of left) {
      const { mode } = await stat(path.join(server.data, name));
      assert.equal(mode & 0o077, 0, `${name} is the owner's alone`);
    }
    await server.remove();
  } finally {
    process.umask(umask);
  }
});
