/*
 * stream_client URL AUTHORIZATION SECONDS, message ids as JSON on standard input: a WebSocket per message. Prints a line
 * when all are subscribed, and a line with the measured delays in the seconds after that.
 */
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { WebSocketClient } from "../tests/api/lib/websocket.ts";
import { inParallel, percentile } from "./lib.ts";

const [url, authorization, seconds] = process.argv.slice(2) as [string, string, string];
const ids = (await json(process.stdin)) as string[];
const delays: number[] = [];
let since = Infinity;

function now(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

async function follow(socket: WebSocketClient): Promise<void> {
  for (;;) {
    const message = (await socket.next()) as { type: string; text?: string };
    if (message.type !== "delta") throw new Error(`a stream ended: ${JSON.stringify(message)}`);
    const received = now();
    for (const sent of message.text!.trim().split(" ").map(Number))
      if (sent >= since) delays.push((received - sent) / 1000);
  }
}

await inParallel(ids.length, 50, async (i) => {
  const { socket, status } = await WebSocketClient.open(url, { headers: { authorization } });
  if (status !== 101) throw new Error(`the upgrade answered ${status}`);
  await socket.next(); // authenticated
  socket.send({ type: "subscribe", topic: `message:${ids[i]}` });
  await socket.next(); // subscribed
  void follow(socket);
});
since = now();
console.log("subscribed");
await sleep(Number(seconds) * 1000);
console.log(
  JSON.stringify({
    deltas: delays.length,
    p50Ms: percentile(delays, 0.5),
    p99Ms: percentile(delays, 0.99),
  }),
);
process.exit(0);
