/*
 * What one address or user may have of the server, and all together: bodies that never end, connections and streams.
 * Whoever comes from elsewhere is served meanwhile.
 */
import assert from "node:assert/strict";
import net from "node:net";
import { describe } from "node:test";

import { Client } from "./lib/client.ts";
import { metric } from "./lib/consistency.ts";
import { parseReply } from "./lib/raw.ts";
import { Server } from "./lib/server.ts";
import { ada, contract, passwords, server, unknownId } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const kib = 1024;
const mib = 1024 * kib;
const messages = `/api/v1/conversations/${unknownId}/messages`;

/** A server with an account, ada's, and what it is to be given back with. */
async function withServer(
  env: Record<string, string>,
  use: (server: Server, ada: Client) => Promise<void>,
): Promise<void> {
  const server = await Server.start({ env });
  const ada = new Client(server.url, contract);
  const account = { username: "ada", email: "ada@example.org", password: passwords.ada };
  const body = { token: server.setupToken, ...account };
  ada.takeSession(await ada.call("POST", "/api/v1/setup", { body }));
  try {
    await use(server, ada);
  } finally {
    await server.remove();
  }
}

/** A connection from an address of this machine, and all that it is told. */
class Guest {
  readonly socket: net.Socket;
  text = "";

  constructor({ port }: Server, localAddress: string) {
    this.socket = net.connect({ port, host: "127.0.0.1", localAddress });
    this.socket.on("error", () => {}); // a server that refuses may hang up before it has read all
    this.socket.on("data", (data) => (this.text += data.toString("latin1")));
  }

  get status(): number {
    return parseReply(this.text).status;
  }

  /** All of a request but for its last byte. */
  begin(target: string, length: number, headers = ""): void {
    const type = "Host: a\r\nContent-Type: application/json\r\n";
    this.socket.write(
      `POST ${target} HTTP/1.1\r\n${type}${headers}Content-Length: ${length}\r\n\r\n`,
    );
    this.socket.write(Buffer.alloc(length - 1, 0x20));
  }

  /** More of what it is told, or its end; a reset is one. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.socket.once("data", () => resolve());
      this.socket.once("close", () => resolve());
    });
  }

  /** Whether it is answered; else it was closed. */
  async isServed(): Promise<boolean> {
    this.socket.write("GET /api/v1/health HTTP/1.1\r\nHost: a\r\n\r\n");
    while (this.status === 0 && !this.socket.closed) await this.next();
    return this.status === 200;
  }
}

/** The id of a message that is written for longer than a test takes. */
async function longAnswer(client: Client): Promise<string> {
  const turn = await client.send(await client.conversation(), "How do I install Web+?");
  return turn.assistant_message.id;
}

async function follow({ url, token }: Client, id: string) {
  const leaving = new AbortController();
  const response = await fetch(`${url}/api/v1/messages/${id}/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: leaving.signal,
  });
  return { response, end: () => leaving.abort() };
}

describe("bodies that do not end", () => {
  test("of strangers have a bounded part of the memory, and hold up nobody, at their addresses either", async () => {
    await withServer({}, async (server, ada) => {
      const held = (): Promise<number> => metric(server, "webplus_http_body_bytes");
      await ada.conversation();
      const guests = Array.from(
        { length: 200 },
        (_, i) => new Guest(server, `127.0.0.${1 + (i % 5)}`), // ada's is the first
      );
      const stranger = "Authorization: Bearer wp_unknown\r\n";
      for (const guest of guests) guest.begin(messages, mib, stranger);
      // Each is refused in the end, or has its whole body there.
      let most = 0;
      const waiting = (): number => guests.filter(({ status }) => status === 0).length;
      for (let now = await held(); now < waiting() * (mib - 1); now = await held())
        most = Math.max(most, now);
      assert.ok(most <= 33 * mib, `${most} bytes were held`);
      const refused = guests.filter(({ status }) => status !== 0);
      assert.ok(refused.length >= 200 - 33, `${refused.length} were refused`);
      for (const { status, text } of refused) {
        assert.ok([429, 503].includes(status), text);
        assert.equal(text.split("\r\nRetry-After: 1\r\n").length, 2, text);
      }

      await ada.conversation({ title: "Made meanwhile" });
      await ada.call("POST", messages, { body: { content: "x".repeat(100_000) } });
      await new Client(server.url, contract).signIn("ada", passwords.ada);
      for (const { socket } of guests) socket.destroy();
      while ((await held()) > 0);
    });
  });

  test("of strangers leave room for who is known at their address", async () => {
    await withServer({}, async (server, ada) => {
      const held = (): Promise<number> => metric(server, "webplus_http_body_bytes");
      const conversation = await ada.conversation();
      const guests = Array.from({ length: 30 }, () => new Guest(server, "127.0.0.1"));
      for (const guest of guests)
        guest.begin(messages, mib, "Authorization: Bearer wp_unknown\r\n");
      const waiting = (): number => guests.filter(({ status }) => status === 0).length;
      for (let now = 0; waiting() === 30 || now < waiting() * (mib - 1);) now = await held();
      assert.ok(waiting() >= 7 && waiting() <= 9, `${waiting()} have their body there`);
      await ada.send(conversation, "x".repeat(100_000));
      for (const { socket } of guests) socket.destroy();
    });
  });

  test("of one address have a quarter of it, whoever sends them", async () => {
    await withServer({}, async (server, ada) => {
      const held = (): Promise<number> => metric(server, "webplus_http_body_bytes");
      const mine = `Authorization: Bearer ${ada.token}\r\n`;
      const guests = Array.from({ length: 40 }, () => new Guest(server, "127.0.0.2"));
      for (const guest of guests) guest.begin(messages, mib, mine);
      const refused = (): Guest[] => guests.filter(({ status }) => status !== 0);
      while ((await held()) < (guests.length - refused().length) * (mib - 1));
      assert.ok(refused().length >= 40 - 16, `${refused().length} were refused`);
      for (const { status, text } of refused()) {
        assert.equal(status, 429);
        assert.equal(text.split("\r\nRetry-After: ").length, 2, text);
      }
      await ada.conversation({ title: "Made elsewhere" });
      for (const { socket } of guests) socket.destroy();
    });
  });

  test("are refused where no field can need so much", async () => {
    const most: [target: string, length: number][] = [
      ["/api/v1/auth/refresh", kib],
      ["/api/v1/auth/login", 16 * kib],
      ["/api/v1/setup", 16 * kib],
      ["/api/v1/auth/register", 16 * kib],
      ["/api/v1/conversations", 16 * kib],
      [messages, mib],
    ];
    const mine = `Authorization: Bearer ${ada.token}\r\n`;
    for (const [target, length] of most) {
      const [fits, tooLong] = [new Guest(server, "127.0.0.1"), new Guest(server, "127.0.0.1")];
      fits.begin(target, length, mine);
      tooLong.begin(target, length + 1, mine);
      while (!tooLong.socket.closed) await tooLong.next();
      assert.equal(tooLong.status, 413, target);
      assert.equal(fits.text, "", target);
      fits.socket.destroy();
    }
  });
});

describe("connections", () => {
  test("of one address have a bound, and other addresses have theirs", async () => {
    await withServer({ WEBPLUS_CONNECTIONS_PER_ADDRESS: "3" }, async (server) => {
      const from = (address: string): Guest => new Guest(server, address);
      const guests = [from("127.0.0.2"), from("127.0.0.2"), from("127.0.0.2")];
      for (const guest of guests) assert.ok(await guest.isServed());
      const late = from("127.0.0.2");
      assert.ok(await late.isServed(), "who is idle gives way");
      const first = guests.shift()!;
      while (!first.socket.closed) await first.next();
      guests.push(late);

      for (const guest of guests) guest.begin("/api/v1/auth/login", 100);
      while ((await metric(server, "webplus_http_body_bytes")) < guests.length * 100);
      assert.ok(!(await from("127.0.0.2").isServed()), "one too many");
      for (const { socket } of guests) assert.ok(!socket.closed);
      const other = from("127.0.0.3");
      assert.ok(await other.isServed());
      guests.pop()!.socket.destroy();
      let again = from("127.0.0.2");
      while (!(await again.isServed())) again = from("127.0.0.2");
      for (const { socket } of [...guests, again, other]) socket.destroy();
    });
  });

  test("of a trusted proxy have none", async () => {
    const env = {
      WEBPLUS_CONNECTIONS_PER_ADDRESS: "3",
      WEBPLUS_TRUSTED_PROXIES: "127.0.0.2",
    };
    await withServer(env, async (server) => {
      const guests = Array.from({ length: 10 }, () => new Guest(server, "127.0.0.2"));
      for (const guest of guests) assert.ok(await guest.isServed());
      for (const { socket } of guests) socket.destroy();
    });
  });
});

test("so many event streams of a user and no more", async () => {
  const env = {
    WEBPLUS_WEBSOCKETS_PER_USER: "2",
    WEBPLUS_GUIDE_WORDS_PER_SECOND: "1",
    WEBPLUS_DRAIN_SECONDS: "0",
  };
  await withServer(env, async (server, ada) => {
    await server.createUser("grace", passwords.grace);
    const grace = new Client(server.url, contract);
    await grace.signIn("grace", passwords.grace);
    const [hers, graces] = [await longAnswer(ada), await longAnswer(grace)];
    const streams = [await follow(ada, hers), await follow(ada, hers)];
    assert.deepEqual(
      streams.map(({ response }) => response.status),
      [200, 200],
    );
    const { response } = await follow(ada, hers);
    assert.equal(response.status, 429);
    assert.match(response.headers.get("retry-after") ?? "", /^\d+$/);
    streams.push(await follow(grace, graces));
    assert.equal(streams.at(-1)!.response.status, 200, "another user");
    streams.shift()!.end();
    let again = await follow(ada, hers);
    while (again.response.status === 429) again = await follow(ada, hers);
    assert.equal(again.response.status, 200);
    for (const { end } of [...streams, again]) end();
  });
});
