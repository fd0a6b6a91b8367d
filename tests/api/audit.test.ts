/* The audit log of an installation whose database somebody edits past the server. */
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import { editBehind } from "./lib/edit.ts";
import { Server } from "./lib/server.ts";
import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

describe("webplus audit verify", () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await Server.start();
    client = new Client(server.url, contract);
    const body = { token: server.setupToken, username: "ada", email: "ada@example.org" };
    client.takeSession(
      await client.call("POST", "/api/v1/setup", {
        body: { ...body, password: "correct horse battery" },
      }),
    );
    for (const registration of ["open", "invite", "closed"])
      await client.expect(200, "PATCH", "/api/v1/settings", { body: { registration } });
  });
  after(() => server.remove());

  const sql = (statement: string): Promise<void> => editBehind(server, statement);

  const verify = () => server.command(["audit", "verify", "--data", server.data]);

  async function tip(): Promise<string> {
    const { code, output } = await verify();
    assert.equal(code, 0, output);
    return /Tip: (\d+ [0-9a-f]{64})/.exec(output)![1]!;
  }

  test("finds nothing in a log that nobody touched, while the server runs", async () => {
    const [seq] = (await tip()).split(" ");
    assert.equal(Number(seq), (await client.get("/api/v1/audit?limit=1")).items[0].seq);
  });

  test("finds an edit, and says where", async () => {
    const [row] = (await client.get("/api/v1/audit?action=settings.change&limit=1")).items;
    await sql(`UPDATE audit SET outcome = 'refused' WHERE seq = ${row.seq}`);
    const { code, output } = await verify();
    assert.notEqual(code, 0);
    assert.match(output, new RegExp(`broken behind row ${row.seq - 1}: it was changed`));
    await sql(`UPDATE audit SET outcome = 'done' WHERE seq = ${row.seq}`);
    await tip();
  });

  test("finds a row that was taken out", async () => {
    await sql("CREATE TABLE kept AS SELECT * FROM audit WHERE seq = 2");
    await sql("DELETE FROM audit WHERE seq = 2");
    const { code, output } = await verify();
    assert.notEqual(code, 0);
    assert.match(output, /broken behind row 1: rows are missing before it/);
    await sql("INSERT INTO audit SELECT * FROM kept; DROP TABLE kept");
    await tip();
  });

  test("shows by the tip, which is logged and exported, that the end was cut off", async () => {
    const before = await tip();
    const exported = (await client.call("GET", "/api/v1/audit/export")).text.trim().split("\n");
    const last = JSON.parse(exported.at(-1)!) as { seq: number; hash: string };
    assert.equal(await tip(), `${last.seq} ${last.hash}`);
    await sql(`DELETE FROM audit WHERE seq >= ${last.seq - 1}`);
    assert.notEqual(await tip(), before);
    assert.ok(Number((await tip()).split(" ")[0]) < last.seq);
    await server.printed((line) => line.includes("audit tip"));
  });
});
