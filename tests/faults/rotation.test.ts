/*
 * `webplus keys rotate` while the server works: killed in the middle it goes on where it stood, two at once share the
 * work, nothing that was acknowledged becomes unreadable, and at the end nothing is sealed under an old key.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe } from "node:test";

import { Client } from "../api/lib/client.ts";
import { Contract } from "../api/lib/contract.ts";
import { query } from "../api/lib/postgres.ts";
import { Server, binary } from "../api/lib/server.ts";
import type { Conversation } from "../api/lib/types.ts";
import { test } from "../api/lib/test.ts";

const rounds = process.env["SOAK"] === "1" ? 50 : 3;
const slow = { timeout: (rounds + 1) * 30_000 };
const conversations = process.env["SOAK"] === "1" ? 20_000 : 2_000;
const ada = { username: "ada", email: "ada@example.org", password: "correct horse battery" };

describe("keys rotate beside a server", () => {
  let server: Server;
  let client: Client;
  const titles = new Map<string, string>();

  async function add(title: string): Promise<void> {
    titles.set((await client.conversation({ title })).id, title);
  }

  async function connect(): Promise<void> {
    const contract = new Contract(await (await fetch(`${server.url}/api/v1/openapi.json`)).json());
    client = new Client(server.url, contract);
    if (server.setupToken === "") await client.signIn(ada.username, ada.password);
    else
      client.takeSession(
        await client.call("POST", "/api/v1/setup", { body: { ...ada, token: server.setupToken } }),
      );
  }

  before(async () => {
    server = await Server.start();
    await connect();
    for (let i = 0; i < conversations; i += 50)
      await Promise.all(Array.from({ length: 50 }, (_, k) => add(`Title ${i + k}`)));
  });
  after(() => server.remove());

  function rotate(): ChildProcess {
    return spawn(binary, ["keys", "rotate", "--data", server.data], {
      cwd: server.data,
      env: { PATH: process.env["PATH"], ...server.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
  }

  async function ended(child: ChildProcess): Promise<string> {
    let output = "";
    child.stdout!.on("data", (data: Buffer) => (output += data.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    assert.equal(code, 0, output);
    return output;
  }

  /** Under how many keys the titles are sealed, and which is the newest. */
  async function keys(): Promise<number[]> {
    const url = server.env["WEBPLUS_DATABASE_URL"];
    if (url !== undefined) {
      const found = await query(
        url,
        "SELECT DISTINCT get_byte(title, 4) FROM conversation ORDER BY 1",
      );
      return found.split("\n").map(Number);
    }
    const database = new DatabaseSync(path.join(server.data, "webplus.db"), { readOnly: true });
    const rows = database
      .prepare("SELECT DISTINCT hex(substr(title, 5, 1)) AS key FROM conversation ORDER BY 1")
      .all() as { key: string }[];
    database.close();
    return rows.map(({ key }) => Number.parseInt(key, 16));
  }

  async function everythingReads(): Promise<void> {
    const seen = new Map<string, string>();
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: { items: Conversation[]; next_cursor: string | null } = await client.get(
        `/api/v1/conversations?limit=100${cursor && `&cursor=${cursor}`}`,
      );
      for (const { id, title } of page.items) seen.set(id, title);
      cursor = page.next_cursor;
    }
    for (const [id, title] of titles) assert.equal(seen.get(id), title);
  }

  /** Adds and renames until it is told to stop. */
  async function work(until: { stop: boolean }): Promise<void> {
    const ids = [...titles.keys()];
    for (let i = 0; !until.stop; i++) {
      await add(`Added ${titles.size}`);
      const id = ids[(i * 7919) % ids.length]!;
      const title = `Renamed ${i}`;
      await client.call("PATCH", `/api/v1/conversations/${id}`, { body: { title } });
      titles.set(id, title);
    }
  }

  test("killed in the middle, it goes on where it stood", slow, async () => {
    const until = { stop: false };
    const load = work(until);
    let killed = 0;
    let newest = 2;
    while (killed < rounds) {
      const child = rotate();
      const [line] = (await once(child.stdout!, "data")) as [Buffer];
      assert.match(line.toString(), /rows/);
      child.kill("SIGKILL");
      // On a busy machine it may have come to its end: then the next one makes another key.
      const [code] = (await once(child, "close")) as [number | null];
      if (code === null) killed++;
      else newest++;
      assert.ok(newest < 10, "it never was in the middle");
    }
    const output = await ended(rotate());
    until.stop = true;
    await load;
    assert.match(output, new RegExp(`Key ${newest} seals everything`));
    assert.deepEqual(await keys(), [newest]);
    await everythingReads();
  });

  test("two at once end with one new key", slow, async () => {
    const before = (await keys())[0]!;
    const until = { stop: false };
    const load = work(until);
    const outputs = await Promise.all([ended(rotate()), ended(rotate())]);
    until.stop = true;
    await load;
    const made = outputs.map((output) => Number(/Key (\d+) seals/.exec(output)![1]));
    assert.deepEqual(made, [before + 1, before + 1]);
    assert.deepEqual(await keys(), [before + 1]);
    await everythingReads();
  });

  test("the server starts again with the keys of rotations", async () => {
    await server.end();
    await server.run();
    await connect();
    await everythingReads();
  });
});
