import assert from "node:assert/strict";
import { describe } from "node:test";

import { exchange } from "./lib/raw.ts";
import type { Message } from "./lib/types.ts";
import { encodeFrame, opcode } from "./lib/websocket.ts";
import { ada, grace, nobody, server, stranger, unknownId } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const text = (value: string): Buffer => Buffer.from(value);

/** A whole answer, to be read again by its numbers. */
async function answer(): Promise<Message> {
  const { assistant_message } = await ada.send(await ada.conversation(), "How do I install Web+?");
  return ada.finished(assistant_message.id);
}

describe("opening a WebSocket", () => {
  test("takes HTTP/1.1: in HTTP/1.0 an upgrade is overlooked", async () => {
    const upgrade =
      `Host: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const reply = await exchange(server.port, `GET /api/v1/ws HTTP/1.0\r\n${upgrade}`);
    assert.equal(reply.status, 400);
    const other = await exchange(server.port, `GET /api/v1/health HTTP/1.0\r\n${upgrade}`);
    assert.equal(other.status, 200);
  });

  test("with the header of a program signs in at once", async () => {
    const socket = await ada.webSocket();
    assert.deepEqual(await socket.ask({ type: "ping" }), { type: "pong" });
    await socket.close();
  });

  test("with a first message signs in, and what was sent in the same breath is answered too", async () => {
    const { socket, status } = await nobody().openWebSocket();
    assert.equal(status, 101);
    socket.send({ type: "authenticate", token: ada.token });
    socket.send({ type: "subscribe", topic: "conversations" });
    socket.send({ type: "ping" });
    assert.deepEqual(await socket.next(), { type: "authenticated", user_id: ada.session!.user.id });
    assert.deepEqual(await socket.next(), { type: "subscribed", topic: "conversations", seq: 0 });
    assert.deepEqual(await socket.nextOf("pong"), { type: "pong" });
    await socket.close();
  });

  test("with a sub-protocol signs in, as a browser can", async () => {
    const { socket, status, headers } = await nobody().openWebSocket({
      headers: { "sec-websocket-protocol": `webplus, bearer.${ada.token}`, origin: server.url },
    });
    assert.equal(status, 101);
    assert.equal(headers.get("sec-websocket-protocol"), "webplus");
    assert.equal((await socket.next()).type, "authenticated");
    await socket.close();
  });

  test("with a wrong token is closed with 4401", async () => {
    const { socket } = await nobody().openWebSocket();
    socket.send({ type: "authenticate", token: "nonsense" });
    assert.equal(await socket.closed(), 4401);
    const byProtocol = await nobody().openWebSocket({
      headers: { "sec-websocket-protocol": "webplus, bearer.nonsense" },
    });
    assert.equal(await byProtocol.socket.closed(), 4401);
    const byHeader = await nobody().openWebSocket({
      headers: { authorization: "Bearer nonsense" },
    });
    assert.equal(await byHeader.socket.closed(), 4401);
  });

  test("and asking before signing in is closed with 4401", async () => {
    const { socket } = await nobody().openWebSocket();
    socket.send({ type: "subscribe", topic: "models" });
    assert.equal(await socket.closed(), 4401);
  });

  test("with an API key signs in as a program, by either header", async () => {
    const body = { name: "socket", scopes: ["chat:read"] };
    const { key } = (await ada.post("/api/v1/api-keys", body, 201)) as { key: string };
    const ways: Record<string, string>[] = [
      { authorization: `Bearer ${key}` },
      { "x-api-key": key },
    ];
    for (const headers of ways) {
      const { socket } = await nobody().openWebSocket({ headers });
      assert.equal((await socket.next()).user_id, ada.session!.user.id);
      await socket.close();
    }
  });

  test("with two different credentials signs in as neither", async () => {
    const { socket } = await nobody().openWebSocket({
      headers: {
        authorization: `Bearer ${ada.token}`,
        "sec-websocket-protocol": `webplus, bearer.${grace.token}`,
      },
    });
    assert.equal(await socket.closed(), 4401);
  });

  test("never takes a token from the address", async () => {
    for (const name of ["token", "access_token", "authorization", "bearer"]) {
      const { status } = await nobody().openWebSocket({
        path: `/api/v1/ws?${name}=${ada.token}`,
      });
      assert.equal(status, 400, name);
    }
  });

  test("renews its token on the way, for the same session alone", async () => {
    const client = await stranger("grace");
    const another = await stranger("grace");
    const key = await client.post("/api/v1/api-keys", { name: "x", scopes: ["models:read"] }, 201);
    for (const token of [another.token, key.key as string, ada.token]) {
      const socket = await client.webSocket();
      const headers = { cookie: client.cookie };
      client.takeSession(await client.call("POST", "/api/v1/auth/refresh", { headers }));
      assert.equal(
        (await socket.ask({ type: "authenticate", token: client.token })).type,
        "authenticated",
      );
      assert.deepEqual(await socket.ask({ type: "ping" }), { type: "pong" });
      socket.send({ type: "authenticate", token });
      assert.equal(await socket.closed(), 4401);
    }
  });

  test("is refused to pages of other sites", async () => {
    for (const origin of [
      "https://evil.example",
      "null",
      `http://127.0.0.1:${server.port + 1}`,
      `http://127.0.0.1:${server.port}.evil.example`,
    ]) {
      const { status } = await ada.openWebSocket({ headers: { origin } });
      assert.equal(status, 403, origin);
    }
  });

  test("is refused to what is no WebSocket", async () => {
    const wrong: Record<string, string | undefined>[] = [
      { upgrade: undefined },
      { upgrade: "h2c" },
      { connection: "keep-alive" },
      { "sec-websocket-key": undefined },
      { "sec-websocket-key": "short" },
      { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA=A" },
      { "sec-websocket-version": "8" },
      { "sec-websocket-version": undefined },
    ];
    for (const headers of wrong) {
      const reply = await ada.openWebSocket({ headers });
      assert.ok([400, 426].includes(reply.status), `${JSON.stringify(headers)}: ${reply.status}`);
      if ("sec-websocket-version" in headers)
        assert.equal(reply.headers.get("sec-websocket-version"), "13");
    }
  });
});

describe("a frame that breaks the protocol", () => {
  const refused: [string, number, Buffer[]][] = [
    ["without a mask", 1002, [encodeFrame(0x81, text('{"type":"ping"}'), false)]],
    ["with a reserved bit", 1002, [encodeFrame(0xc1, text("{}"))]],
    ["with a reserved opcode", 1002, [encodeFrame(0x83, text("{}"))]],
    ["that continues nothing", 1002, [encodeFrame(0x80, text("{}"))]],
    [
      "that interrupts a message",
      1002,
      [encodeFrame(0x01, text("{")), encodeFrame(0x81, text("}"))],
    ],
    ["of control in pieces", 1002, [encodeFrame(0x09, text("x"))]],
    ["of control that is long", 1002, [encodeFrame(0x89, Buffer.alloc(126))]],
    ["with a close code of one byte", 1002, [encodeFrame(0x88, Buffer.from([3]))]],
    [
      "with a close code that is not for the wire",
      1002,
      [encodeFrame(0x88, Buffer.from([0x03, 0xed]))],
    ],
    ["of text that is not UTF-8", 1007, [encodeFrame(0x81, Buffer.from([0x22, 0xff, 0x22]))]],
    [
      "of text with half a character",
      1007,
      [encodeFrame(0x01, Buffer.from([0xc3])), encodeFrame(0x80, text("x"))],
    ],
    ["of bytes", 1003, [encodeFrame(0x82, Buffer.from([1, 2, 3]))]],
    ["that is too big", 1009, [encodeFrame(0x81, Buffer.alloc(65_537, 0x20))]],
    [
      "that makes its message too big",
      1009,
      [encodeFrame(0x01, Buffer.alloc(65_536, 0x20)), encodeFrame(0x80, text("x"))],
    ],
  ];

  for (const [what, code, frames] of refused)
    test(`${what} closes with ${code}`, async () => {
      const socket = await ada.webSocket();
      for (const frame of frames) socket.write(frame);
      assert.equal(await socket.closed(), code);
      socket.drop();
    });

  test("before signing in may not be big either", async () => {
    const { socket } = await nobody().openWebSocket();
    socket.write(encodeFrame(0x81, Buffer.alloc(8192, 0x20)));
    assert.equal(await socket.closed(), 1009);
    socket.drop();
  });
});

describe("frames", () => {
  test("are answered as RFC 6455 asks: ping, close", async () => {
    const socket = await ada.webSocket();
    socket.write(encodeFrame(0x89, text("are you there?")));
    const pong = await socket.nextFrame();
    assert.equal(pong.opcode, opcode.pong);
    assert.equal(pong.data.toString(), "are you there?");
    socket.write(encodeFrame(0x88, Buffer.from([0x03, 0xe8])));
    assert.equal(await socket.closed(), 1000);
  });

  test("may come in pieces and byte by byte, with control between", async () => {
    const socket = await ada.webSocket();
    const bytes = Buffer.concat([
      encodeFrame(0x01, text('{"ty')),
      encodeFrame(0x89, text("between")),
      encodeFrame(0x00, text('pe":"pi')),
      encodeFrame(0x80, text('ng"}')),
    ]);
    for (const byte of bytes) socket.write(Buffer.from([byte]));
    assert.equal((await socket.nextFrame()).opcode, opcode.pong);
    assert.deepEqual(await socket.next(), { type: "pong" });
    await socket.close();
  });
});

describe("a message", () => {
  test("that is wrong is answered by an error, and the socket stays", async () => {
    const socket = await ada.webSocket();
    const wrong = [
      "",
      "x",
      "[]",
      "{}",
      '{"type":"dance"}',
      '{"type":7}',
      '{"type":"ping","x":1}',
      '{"type":"ping","topic":"models"}',
      '{"type":"subscribe"}',
      '{"type":"subscribe","topic":7}',
      '{"type":"subscribe","topic":"models","seq":-1}',
      '{"type":"subscribe","topic":"models","seq":1.5}',
      '{"type":"ping","type":"ping"}',
      "[".repeat(5000),
    ];
    for (const message of wrong) {
      socket.write(encodeFrame(0x81, text(message)));
      const error = await socket.next();
      assert.deepEqual(
        [error.type, error.topic, error.status],
        ["error", null, 400],
        `${message.slice(0, 60)}: ${JSON.stringify(error)}`,
      );
    }
    assert.deepEqual(await socket.ask({ type: "ping" }), { type: "pong" });
    await socket.close();
  });

  test("about a topic that one may not hear is answered as if there were none", async () => {
    const message = await answer();
    const socket = await grace.webSocket();
    const denied = await socket.ask({ type: "subscribe", topic: `message:${message.id}` });
    const unknown = await socket.ask({ type: "subscribe", topic: `message:${unknownId}` });
    assert.equal(denied.status, 404);
    assert.deepEqual({ ...denied, topic: "" }, { ...unknown, topic: "" });
    for (const topic of [
      `conversation:${message.conversation_id}`,
      "message:",
      "message:x",
      "models:x",
      "conversation",
      "nothing",
      `conversations:${ada.session!.user.id}`,
      `message:${message.id.toUpperCase()}`,
    ])
      assert.equal((await socket.ask({ type: "subscribe", topic })).status, 404, topic);
    await socket.close();
  });

  test("may subscribe to 256 topics, and not to more", async () => {
    const socket = await ada.webSocket();
    const conversations = await Promise.all(Array.from({ length: 257 }, () => ada.conversation()));
    for (const { id } of conversations)
      socket.send({ type: "subscribe", topic: `conversation:${id}` });
    // In their order; where several servers share topics, some are told a second time.
    const told = new Set<string>();
    while (told.size < 256) told.add((await socket.nextOf("subscribed")).topic);
    assert.deepEqual(
      [...told],
      conversations.slice(0, 256).map(({ id }) => `conversation:${id}`),
    );
    assert.equal((await socket.nextOf("error")).status, 429);
    await socket.close();
  });
});

describe("the topic of a message", () => {
  test("gives exactly what comes after a number, and then the end", async () => {
    const message = await answer();
    const socket = await ada.webSocket();
    const topic = `message:${message.id}`;
    const whole: { seq: number; text: string }[] = [];
    for (const seq of [0, 1, Math.floor(message.seq / 2), message.seq - 1, message.seq]) {
      assert.deepEqual(await socket.ask({ type: "subscribe", topic, seq }), {
        type: "subscribed",
        topic,
        seq,
      });
      const deltas: { seq: number; text: string }[] = [];
      let event = await socket.next();
      for (; event.type === "delta"; event = await socket.next())
        deltas.push({ seq: event.seq, text: event.text });
      assert.equal(event.type, "done");
      assert.equal(event.seq, message.seq);
      assert.deepEqual(event.message, message);
      assert.deepEqual(
        deltas.map((delta) => delta.seq),
        Array.from({ length: message.seq - seq }, (_, i) => seq + 1 + i),
      );
      if (seq === 0) whole.push(...deltas);
      assert.deepEqual(deltas, whole.slice(seq));
      assert.deepEqual(await socket.ask({ type: "unsubscribe", topic }), {
        type: "unsubscribed",
        topic,
      });
    }
    assert.equal(whole.map((delta) => delta.text).join(""), message.content);
    await socket.close();
  });

  test("is heard while the answer grows, by many", async () => {
    const sockets = await Promise.all([ada.webSocket(), ada.webSocket(), ada.webSocket()]);
    const { assistant_message } = await ada.send(await ada.conversation(), "What can Web+ do?");
    const topic = `message:${assistant_message.id}`;
    const texts = await Promise.all(
      sockets.map(async (socket) => {
        socket.send({ type: "subscribe", topic });
        let joined = "";
        for (;;) {
          const event = await socket.next();
          if (event.type === "delta") joined += event.text;
          if (event.type === "done") return [joined, event.message.content];
        }
      }),
    );
    for (const [joined, content] of texts) assert.equal(joined, content);
    await Promise.all(sockets.map((socket) => socket.close()));
  });
});

describe("the topics of conversations", () => {
  test("tell of messages, of names and of the list", async () => {
    const list = await ada.webSocket();
    await list.ask({ type: "subscribe", topic: "conversations" });
    const conversation = await ada.conversation();
    const created = await list.nextOf("conversation");
    assert.deepEqual(created, { type: "conversation", topic: "conversations", conversation });

    const one = await ada.webSocket();
    const topic = `conversation:${conversation.id}`;
    await one.ask({ type: "subscribe", topic });
    const { user_message, assistant_message } = await ada.send(conversation, "Hello there");
    const statuses: string[] = [];
    while (statuses.at(-1) !== "complete") {
      const event = await one.nextOf("message");
      assert.equal(event.topic, topic);
      if (event.message.id === user_message.id) assert.equal(event.message.content, "Hello there");
      else assert.equal(event.message.id, assistant_message.id);
      if (event.message.id === assistant_message.id) statuses.push(event.message.status);
    }
    assert.deepEqual(statuses, ["streaming", "complete"]);

    await ada.expect(200, "PATCH", `/api/v1/conversations/${conversation.id}`, {
      body: { title: "Renamed" },
    });
    for (const socket of [list, one]) {
      let event = await socket.nextOf("conversation");
      while (event.conversation.title !== "Renamed") event = await socket.nextOf("conversation");
    }
    await ada.expect(204, "DELETE", `/api/v1/conversations/${conversation.id}`);
    const deleted = await list.nextOf("conversation_deleted");
    assert.deepEqual(deleted, {
      type: "conversation_deleted",
      topic: "conversations",
      id: conversation.id,
    });
    await list.close();
    await one.close();
  });

  test("do not tell others", async () => {
    const other = await grace.webSocket();
    await other.ask({ type: "subscribe", topic: "conversations" });
    await ada.conversation({ title: "unheard" });
    const own = await grace.conversation({ title: "heard" });
    assert.equal((await other.nextOf("conversation")).conversation.id, own.id);
    await other.close();
  });
});
