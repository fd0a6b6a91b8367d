/*
 * An account with much is deleted, and the server is killed at once: it is gone for everybody, and the next start erases what
 * was left of it.
 */
import assert from "node:assert/strict";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe } from "node:test";

import type { Client } from "../api/lib/client.ts";
import { query } from "../api/lib/postgres.ts";
import { Server } from "../api/lib/server.ts";
import { test } from "../api/lib/test.ts";
import { signIn } from "./lib.ts";

const messages = 20_000;
const slow = { timeout: 120_000 };
const password = "staple horse battery";

describe("an account with many messages", () => {
  let server: Server;
  let ada: Client;

  /** Past the server; the first number of the first row. */
  async function sql(text: string): Promise<number> {
    const url = server.env["WEBPLUS_DATABASE_URL"];
    if (url !== undefined) return Number(await query(url, text));
    const database = new DatabaseSync(path.join(server.data, "webplus.db"), { timeout: 20_000 });
    const row = database.prepare(text).get() as Record<string, number> | undefined;
    database.close();
    return Object.values(row ?? {})[0] ?? 0;
  }

  const messagesLeft = (id: string): Promise<number> =>
    sql(`SELECT count(*) FROM message WHERE owner_id = '${id}'`);

  async function accountWithMuch(username: string): Promise<string> {
    await server.createUser(username, password);
    const page = await ada.get(`/api/v1/users?q=${username}`);
    const { id } = page.items[0];
    const bytes = server.env["WEBPLUS_DATABASE_URL"] === undefined ? "x'00'" : "'\\x00'";
    const numbers = `WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${messages - 1})`;
    await sql(
      `${numbers} INSERT INTO conversation (id, owner_id, title, model_id, created_at, updated_at)
       SELECT '${username} ' || n, '${id}', ${bytes}, 'm', 1, 1 FROM numbers WHERE n < 4`,
    );
    await sql(
      `${numbers} INSERT INTO message (id, conversation_id, owner_id, role, status, seq, epoch, created_at, content)
       SELECT '${username} ' || n, '${username} ' || (n % 4), '${id}', 'user', 'complete', 0, 0, 1, ${bytes} FROM numbers`,
    );
    assert.equal(await messagesLeft(id), messages);
    return id;
  }

  before(async () => {
    server = await Server.start();
    ada = await signIn(server);
  });
  after(() => server.remove());

  test("is gone at once, and erased though the server is killed in the middle", slow, async () => {
    let username: string;
    let id: string;
    for (let round = 1; ; round++) {
      username = `grace${round}`;
      id = await accountWithMuch(username);
      await ada.expect(204, "DELETE", `/api/v1/users/${id}`);
      await server.end("SIGKILL");
      if ((await messagesLeft(id)) > 0) break;
      // A busy machine may have been too late to kill it.
      assert.ok(round < 5, "it never was in the middle");
      await server.run();
      ada = await signIn(server);
    }
    await server.run();
    ada = await signIn(server);
    await ada.refused(404, "GET", `/api/v1/users/${id}`);
    assert.equal((await ada.get(`/api/v1/users?q=${username}`)).items.length, 0);
    while ((await sql(`SELECT count(*) FROM account WHERE id = '${id}'`)) > 0);
    assert.equal(await messagesLeft(id), 0);
    await server.createUser(username, password); /* the name and the address are free */
  });
});
