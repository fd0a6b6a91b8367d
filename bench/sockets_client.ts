/*
 * sockets_client PORT AUTHORIZATION COUNT [TOPIC]: opens so many WebSockets, on bare connections so that they cost little here,
 * and subscribes them to the topic. Prints "open" when all are, and then, for each event that all have got, how many
 * milliseconds after the time in its title the last one got it.
 */
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { encodeFrame, opcode } from "../tests/api/lib/websocket.ts";
import { inParallel } from "./lib.ts";

const [port, authorization, count, topic] = process.argv.slice(2) as [
  string,
  string,
  string,
  string?,
];
const got = new Map<string, number>();
/** A little less than one user may subscribe: docs/websockets.md. */
const atOnce = 2_900;
const perSecond = 19;
const begin = performance.now();

/** Each write of the server's is small here and arrives whole, but for two that arrive as one. */
function onEvent(text: string): void {
  for (const [, title] of text.matchAll(/"title":"(\d+)"/g)) {
    const seen = (got.get(title!) ?? 0) + 1;
    got.set(title!, seen);
    if (seen === Number(count))
      console.log((Number(process.hrtime.bigint() / 1000n) - Number(title)) / 1000);
  }
}

async function open(number: number): Promise<void> {
  const due = topic === undefined ? begin : begin + ((number - atOnce) / perSecond) * 1000;
  await sleep(Math.max(0, due - performance.now()));
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), "127.0.0.1");
    const ready = topic === undefined ? '"authenticated"' : '"subscribed"';
    let head = "";
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`a socket was closed: ${head}`)));
    socket.write(
      `GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    if (topic !== undefined)
      socket.write(encodeFrame(0x81, Buffer.from(JSON.stringify({ type: "subscribe", topic }))));
    socket.on("data", (data) => {
      if (data[0] === (0x80 | opcode.ping))
        return socket.write(encodeFrame(0x80 | opcode.pong, Buffer.alloc(0)));
      const text = data.toString("latin1");
      if (head === ready) return onEvent(text);
      head += text;
      if (!head.includes(ready)) return;
      head = ready;
      resolve();
    });
  });
}

await inParallel(Number(count), 200, open);
console.log("open");
