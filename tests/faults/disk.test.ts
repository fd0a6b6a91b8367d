/*
 * The promise, of a disk that is full: a write is refused with 507 and a sentence that says so, reading goes on, nothing
 * that was acknowledged is lost, and writing goes on by itself when there is room again. Needs root, for a small tmpfs.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe } from "node:test";

import { Server } from "../api/lib/server.ts";
import { test } from "../api/lib/test.ts";
import { assertKept, signIn } from "./lib.ts";

function mountSmall(folder: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Takes all the room there is. */
function fill(file: string): void {
  const fd = openSync(file, "w");
  const block = Buffer.alloc(4096);
  try {
    for (;;) writeSync(fd, block);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  } finally {
    closeSync(fd);
  }
}

describe("a disk that is full", () => {
  test("refuses writes with 507, goes on reading, and loses nothing", async (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), "webplus-full-"));
    if (!mountSmall(folder)) {
      rmSync(folder, { recursive: true });
      context.skip("only root may mount a small disk");
      return;
    }
    const server = await Server.start({
      data: folder,
      env: { WEBPLUS_DATABASE_URL: `sqlite:${folder}/webplus.db` },
    });
    try {
      let client = await signIn(server);
      const acknowledged: string[] = [];
      const write = async (title: string): Promise<number> => {
        const reply = await client.call("POST", "/api/v1/conversations", { body: { title } });
        if (reply.status === 201) acknowledged.push(title);
        else {
          assert.equal(reply.status, 507, reply.text);
          assert.equal(reply.json.code, "disk_full");
          assert.match(reply.json.detail, /no room/);
        }
        return reply.status;
      };
      for (let i = 0; i < 20; i++) assert.equal(await write(`Before ${i}`), 201);
      const ballast = path.join(folder, "ballast");
      fill(ballast);
      // What the log had already taken of the disk may serve some more.
      let refused = 0;
      for (let i = 0; refused < 20 && i < 20_000; i++)
        refused += (await write(`Full ${i}`)) === 507 ? 1 : 0;
      assert.equal(refused, 20, "the disk was never full");
      await assertKept(client, acknowledged);
      assert.equal((await client.get("/api/v1/ready")).status, "ok");
      rmSync(ballast);
      for (let i = 0; i < 20; i++) assert.equal(await write(`After ${i}`), 201);
      await server.end("SIGKILL");
      await server.run();
      client = await signIn(server);
      await assertKept(client, acknowledged);
    } finally {
      await server.end();
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    }
  });
});
