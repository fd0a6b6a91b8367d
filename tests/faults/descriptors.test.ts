/*
 * The promise, of a server without file descriptors: new connections are closed at once, those that are open are served,
 * it does not spin, and when some are free again it takes new ones.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { after, before, describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Server } from "../api/lib/server.ts";
import type { Client } from "../api/lib/client.ts";
import { test } from "../api/lib/test.ts";
import { processorSeconds, signIn } from "./lib.ts";

const spare = 40; // descriptors that are left to the server
const crowd = 120;

describe("file descriptors that are used up", () => {
  let server: Server;
  let client: Client;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  before(async () => {
    server = await Server.start();
    client = await signIn(server);
  });
  after(async () => {
    agent.destroy();
    await server.remove();
  });

  /** Over the one connection that is open. */
  async function status(target: string): Promise<number> {
    const headers = { authorization: `Bearer ${client.token}` };
    const request = http.get(server.url + target, { agent, headers });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    response.resume();
    await once(response, "end");
    return response.statusCode!;
  }

  test("cost new connections, nothing else", async () => {
    const list = "/api/v1/conversations";
    assert.equal(await status(list), 200);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const open = Number(/^process_open_fds (\d+)$/m.exec(metrics)![1]);
    const limit = String(open + spare);
    execFileSync("prlimit", ["--pid", String(server.pid), `--nofile=${limit}:${limit}`]);

    const sockets = Array.from({ length: crowd }, () => net.connect(server.port, "127.0.0.1"));
    let closed = 0;
    const someClosed = new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on("error", () => {});
        socket.resume();
        socket.on("close", () => {
          if (++closed >= crowd - spare - 2) resolve();
        });
      }
    });
    await someClosed;
    for (let i = 0; i < 20; i++) assert.equal(await status(list), 200);

    const before = processorSeconds(server.pid);
    await sleep(1000); // measured, not waited for
    const used = processorSeconds(server.pid) - before;
    assert.ok(used < 0.3, `${used} s of processor time in a second without work`);

    for (const socket of sockets) socket.destroy();
    // It hears of the ends before it hears of this one.
    let answered = false;
    while (!answered)
      answered = await fetch(`${server.url}/api/v1/health`, { headers: { connection: "close" } })
        .then((response) => response.ok)
        .catch(() => false);
  });
});
