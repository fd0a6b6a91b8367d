/*
 * `webplus keys rotate-master` killed at any moment: the installation opens again, everything reads, and calling it again
 * ends with a key under which it opens, and with the one before refused.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readdirSync, watch } from "node:fs";
import path from "node:path";
import { after, before, describe } from "node:test";

import { Server, binary } from "../api/lib/server.ts";
import { test } from "../api/lib/test.ts";

const rounds = process.env["SOAK"] === "1" ? 200 : 12;
const slow = { timeout: rounds * 10_000 };

describe("keys rotate-master", () => {
  let server: Server;
  before(async () => {
    server = await Server.start();
    await server.createUser("ada", "correct horse battery", "administrator");
    await server.end();
  });
  after(() => server.remove());

  /** Killed when so many files of the folder have come, changed or gone. */
  async function killAfter(changes: number): Promise<number | null> {
    const watcher = watch(server.data);
    const child = spawn(binary, ["keys", "rotate-master", "--data", server.data], {
      cwd: server.data,
      env: { PATH: process.env["PATH"], ...server.env },
      stdio: "ignore",
    });
    let seen = 0;
    watcher.on("change", () => {
      if (++seen === changes) child.kill("SIGKILL");
    });
    const [code] = (await once(child, "close")) as [number | null];
    watcher.close();
    return code;
  }

  async function verify(): Promise<void> {
    const { code, output } = await server.command(["audit", "verify", "--data", server.data]);
    assert.equal(code, 0, output);
  }

  test("killed at any moment, it leaves an installation that opens", slow, async () => {
    const codes = [];
    for (let round = 1; round <= rounds; round++) {
      codes.push(await killAfter(round));
      await verify();
    }
    assert.ok(codes.includes(null), "none was killed");
  });

  test("the key before is refused, and the server starts with the new one", async () => {
    const file = path.join(server.data, "master.key");
    const old = path.join(server.data, "old");
    copyFileSync(file, old);
    const { code, output } = await server.command(["keys", "rotate-master", "--data", server.data]);
    assert.equal(code, 0, output);
    const refused = await server.command([
      ...["audit", "verify", "--data", server.data, "--master-key-file", old],
    ]);
    assert.equal(refused.code, 1);
    assert.match(refused.output, /the master key is not the one/);
    assert.ok(!existsSync(`${file}.new`), readdirSync(server.data).join(" "));
    await server.run();
    const reply = await fetch(`${server.url}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "ada", password: "correct horse battery" }),
    });
    assert.equal(reply.status, 200);
    const beside = await server.command(["keys", "rotate-master", "--data", server.data]);
    assert.equal(beside.code, 1, "not while it is served");
  });
});
