import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import { Server } from "./lib/server.ts";
import { test } from "./lib/test.ts";
import { encodeFrame, type WebSocketClient } from "./lib/websocket.ts";
import { ada, contract, nobody, passwords } from "./lib/world.ts";

/** The value of one line of the metrics. */
async function metric(server: Server, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  assert.ok(line !== undefined, `${name} is told`);
  return Number(line.slice(name.length + 1));
}

async function administrator(server: Server): Promise<Client> {
  const client = new Client(server.url, contract);
  const body = {
    token: server.setupToken,
    username: "ada",
    email: "ada@example.org",
    password: passwords.ada,
  };
  client.takeSession(await client.call("POST", "/api/v1/setup", { body }));
  return client;
}

/** Until the server has seen that a socket is gone. */
async function opened(server: Server, count: number): Promise<void> {
  while ((await metric(server, "webplus_websockets")) !== count);
}

describe("so many WebSockets and no more", () => {
  let server: Server;
  let owner: Client;
  let second: Client;
  before(async () => {
    server = await Server.start({
      env: {
        WEBPLUS_WEBSOCKETS_PER_USER: "2",
        WEBPLUS_WEBSOCKETS_PER_ADDRESS: "4",
        WEBPLUS_WEBSOCKETS_TOTAL: "5",
      },
    });
    owner = await administrator(server);
    await server.createUser("grace", passwords.grace);
    second = new Client(server.url, contract);
    await second.signIn("grace", passwords.grace);
  });
  after(() => server.remove());

  test("of a user: the next one is closed with 4429, others' are not", async () => {
    const held = [await owner.webSocket(), await owner.webSocket()];
    const { socket } = await owner.openWebSocket();
    socket.send({ type: "authenticate", token: owner.token });
    assert.equal(await socket.closed(), 4429);
    assert.match(socket.closeReason, /too many sockets/);
    await opened(server, 2);
    const other = await second.webSocket();
    await held.pop()!.close();
    await opened(server, 2);
    const again = await owner.webSocket();
    assert.deepEqual(await again.ask({ type: "ping" }), { type: "pong" });
    for (const open of [...held, again, other]) await open.close();
    await opened(server, 0);
    assert.equal(await metric(server, 'webplus_websockets_refused_total{limit="user"}'), 1);
  });

  test("from an address, whoever they are: the upgrade is refused, and says when to come again", async () => {
    const held: WebSocketClient[] = [];
    for (let i = 0; i < 4; i++) held.push((await owner.openWebSocket()).socket);
    const refused = await owner.openWebSocket();
    assert.equal(refused.status, 429);
    assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
    held.pop()!.drop();
    await opened(server, 3);
    held.push(await second.webSocket());
    for (const socket of held) socket.drop();
    await opened(server, 0);
  });

  test("at once: whoever comes together, exactly so many get in", async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => owner.openWebSocket()));
    assert.equal(answers.filter(({ status }) => status === 101).length, 4);
    assert.equal(answers.filter(({ status }) => status === 429).length, 26);
    for (const { socket } of answers) socket.drop();
    await opened(server, 0);
  });
});

test("so many WebSockets in all and no more", async () => {
  const server = await Server.start({ env: { WEBPLUS_WEBSOCKETS_TOTAL: "1" } });
  try {
    const client = new Client(server.url, contract);
    const { socket } = await client.openWebSocket();
    const refused = await client.openWebSocket();
    assert.equal(refused.status, 503);
    assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
    socket.drop();
  } finally {
    await server.remove();
  }
});

describe("a socket that speaks too often", () => {
  test("is warned, and then closed with 4429; a slower one is not", async () => {
    const slow = await ada.webSocket();
    const fast = await ada.webSocket();
    for (let i = 0; i < 200; i++) fast.send({ type: "ping" });
    const warning = await fast.nextOf("warning");
    assert.deepEqual(
      [warning.status, warning.code, warning.topic],
      [429, "too_many_requests", null],
    );
    assert.match(warning.detail, /"ping"/);
    assert.equal(await fast.closed(), 4429);
    assert.deepEqual(await slow.ask({ type: "ping" }), { type: "pong" });
    await slow.close();
  });

  test("is closed for frames of the protocol too, and for what is no message", async () => {
    for (const frame of [
      encodeFrame(0x89, Buffer.from("x")),
      encodeFrame(0x81, Buffer.from("x")),
    ]) {
      const socket = await ada.webSocket();
      for (let i = 0; i < 200; i++) socket.write(frame);
      assert.equal(await socket.closed(), 4429);
      socket.drop();
    }
  });

  test("may not have whole answers told to it for long", async () => {
    const socket = await ada.webSocket();
    for (let i = 0; i < 400; i++) socket.send({ type: "subscribe", topic: "models" });
    assert.equal(await socket.closed(), 4429);
    socket.drop();
  });

  test("may not try tokens for long", async () => {
    const { socket } = await nobody().openWebSocket();
    for (let i = 0; i < 30; i++) socket.send({ type: "authenticate", token: ada.token });
    assert.equal(await socket.closed(), 4429);
  });
});
