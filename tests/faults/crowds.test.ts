/*
 * The promise, of 1 000 clients that send slowly and 1 000 that do not read what they asked for: everybody else is served
 * meanwhile, about as fast as before, and when they have left nothing of them remains.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, describe } from "node:test";

import { Server } from "../api/lib/server.ts";
import type { Client } from "../api/lib/client.ts";
import { test } from "../api/lib/test.ts";
import { signIn } from "./lib.ts";

const crowd = 1000;
const requests = 200;
/** A crowd may make the usual request so many times slower; a busy machine slows down those before as well. */
const slowerAtMost = 10;
/** One that was held up by others would wait for their time-outs, of ten seconds and more. */
const limitMs = 5_000;

describe("crowds", () => {
  let server: Server;
  let client: Client;
  let script = "";
  const sockets: net.Socket[] = [];

  before(async () => {
    server = await Server.start({ env: { WEBPLUS_CONNECTIONS_PER_ADDRESS: String(3 * crowd) } });
    client = await signIn(server);
    await client.conversation({ title: "Asked for meanwhile" });
    const page = (await client.call("GET", "/")).text;
    script = /src="(\/assets\/[^"]+\.js)"/.exec(page)![1]!;
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await server.remove();
  });

  async function connections(): Promise<number> {
    const { text } = await client.call("GET", "/metrics");
    return Number(/^webplus_http_connections (\d+)$/m.exec(text)![1]);
  }

  async function gather(bytes: string): Promise<net.Socket[]> {
    const gathered: net.Socket[] = [];
    for (let i = 0; i < crowd; i++) {
      const socket = net.connect({ port: server.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.pause();
      gathered.push(socket);
      sockets.push(socket);
    }
    await Promise.all(gathered.map((socket) => once(socket, "connect")));
    for (const socket of gathered) socket.write(bytes);
    return gathered;
  }

  /** How long requests take one after the other, the shortest first. */
  async function times(meanwhile: (i: number) => void): Promise<number[]> {
    const taken: number[] = [];
    for (let i = 0; i < requests; i++) {
      const start = performance.now();
      await client.get("/api/v1/conversations");
      taken.push(performance.now() - start);
      meanwhile(i);
    }
    return taken.sort((a, b) => a - b);
  }

  const middle = (sorted: number[]): number => sorted[Math.floor(sorted.length / 2)]!;

  test("of slow senders and of readers that do not read hold up nobody else", async (context) => {
    const host = `Host: 127.0.0.1:${server.port}\r\n`;
    const alone = await times(() => {});
    const slow = await gather(`POST /api/v1/auth/login HTTP/1.1\r\n${host}Content-Ty`);
    // More than the buffers of a connection hold.
    await gather(`GET ${script} HTTP/1.1\r\n${host}\r\n`.repeat(20));
    while ((await connections()) < 2 * crowd);

    const beside = await times((i) => {
      for (let k = 0; k < 20; k++) slow[(i * 20 + k) % crowd]!.write("x");
    });
    const [usual, before] = [middle(beside), middle(alone)];
    assert.ok(usual < Math.max(before, 1) * slowerAtMost, `${usual} ms, and ${before} ms before`);
    const slowest = beside.at(-1)!;
    assert.ok(slowest < limitMs, `the slowest of ${requests} requests took ${slowest} ms`);
    context.diagnostic(
      `usually ${before.toFixed(1)} ms alone, ${usual.toFixed(1)} ms beside them; ` +
        `the slowest ${alone.at(-1)!.toFixed(0)} and ${slowest.toFixed(0)} ms`,
    );
    await client.conversation({ title: "Written meanwhile" });

    for (const socket of sockets) socket.destroy();
    while ((await connections()) > 10);
  });
});
