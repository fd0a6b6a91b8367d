import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import type { ServerEvent } from "./lib/events.ts";
import { exchange } from "./lib/raw.ts";
import { Server } from "./lib/server.ts";
import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const ada = { username: "ada", email: "ada@example.org", password: "correct horse battery" };

describe("SIGTERM", () => {
  let server: Server;
  let client: Client;

  async function start(): Promise<void> {
    client = new Client(server.url, contract);
    if (server.setupToken === "") {
      await client.signIn(ada.username, ada.password);
      return;
    }
    client.takeSession(
      await client.call("POST", "/api/v1/setup", { body: { ...ada, token: server.setupToken } }),
    );
  }

  before(async () => {
    server = await Server.start({
      env: { WEBPLUS_GUIDE_WORDS_PER_SECOND: "20", WEBPLUS_DRAIN_SECONDS: "1" },
    });
    await start();
  });
  after(() => server.remove());

  test("says goodbye to WebSockets, refuses newcomers, and ends with 0", async () => {
    const socket = await client.webSocket();
    const ended = server.end("SIGTERM");
    assert.equal(await socket.closed(), 1001);
    assert.deepEqual(await ended, { code: 0, signal: null });
    await assert.rejects(exchange(server.port, "GET / HTTP/1.1\r\n\r\n"));
    await server.run();
    await start();
  });

  test("in the middle of an answer keeps all that was shown, and never calls it complete", async () => {
    const conversation = await client.conversation();
    const { assistant_message } = await client.send(
      conversation,
      "How do I install Web+ on Debian?",
    );
    const seen: ServerEvent[] = [];
    let ended: Promise<unknown> | undefined;
    const stream = client.events(assistant_message.id);
    for (;;) {
      const next = await stream.next().catch(() => ({ done: true }) as const);
      if (next.done) break;
      if (next.value.event === "delta") seen.push(next.value);
      if (seen.length === 3) ended = server.end("SIGTERM");
    }
    assert.ok(seen.length >= 3);
    assert.deepEqual(await ended, { code: 0, signal: null });
    await server.run();
    await start();
    const message = await client.message(assistant_message.id);
    const shown = seen.map((event) => (JSON.parse(event.data) as { text: string }).text).join("");
    assert.ok(message.content.startsWith(shown), "what was shown was kept");
    assert.equal(message.status, "interrupted");
    await client.post(`/api/v1/messages/${message.id}/continue`, undefined, 202);
    await client.post(`/api/v1/messages/${message.id}/stop`);
  });

  test("twice ends at once", async () => {
    const { assistant_message } = await client.send(
      await client.conversation(),
      "How do I install Web+ on Debian?",
    );
    for await (const event of client.events(assistant_message.id))
      if (event.event === "delta") break;
    const ended = server.end("SIGTERM");
    process.kill(server.pid, "SIGTERM");
    const { code, signal } = (await ended) as { code: number | null; signal: string | null };
    assert.ok(code !== null || signal === "SIGTERM");
    await server.run();
    await start();
  });
});

describe("a start", () => {
  test("that cannot succeed says why and fails", async () => {
    const server = await Server.start();
    try {
      const unknown = await server.command(["serve", "--no-such-setting", "x"]);
      assert.notEqual(unknown.code, 0);
      assert.match(unknown.output, /no-such-setting/);
      const taken = await server.command([
        "serve",
        "--listen",
        `127.0.0.1:${server.port}`,
        "--data",
        `${server.data}/other`,
        "--database-url",
        `sqlite:${server.data}/other`,
      ]);
      assert.notEqual(taken.code, 0);
      assert.match(taken.output, new RegExp(String(server.port)));
      const nonsense = await server.command(["dance"]);
      assert.notEqual(nonsense.code, 0);
    } finally {
      await server.remove();
    }
  });
});
