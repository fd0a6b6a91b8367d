/*
 * Clients that chat, list, follow streams by WebSocket and hang up in the middle, for a long time. The server's memory is
 * sampled; its median in the last quarter may not be more than a tenth over that of the second quarter.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { WebSocketClient } from "../tests/api/lib/websocket.ts";
import { type World, inParallel, median, post, usage, withServer } from "./lib.ts";

const clients = 32;
const seconds = Number(process.argv[2] ?? 3600);
const samples = 200;
const growthLimit = 1.1;

async function chat(world: World, turn: number): Promise<void> {
  const { id } = await post(world, "/api/v1/conversations", {});
  const { assistant_message: answer } = await post(world, `/api/v1/conversations/${id}/messages`, {
    content: "How do I install Web+?",
  });
  const { socket } = await WebSocketClient.open(world.server.url, { headers: world.headers });
  await socket.nextOf("authenticated");
  socket.send({ type: "subscribe", topic: `message:${answer.id}` });
  await socket.nextOf("subscribed");
  if (turn % 4 === 0) socket.drop();
  else {
    await socket.nextOf("done");
    await socket.close();
  }
  const list = await fetch(`${world.server.url}/api/v1/conversations`, { headers: world.headers });
  await list.arrayBuffer();
  const gone = await fetch(`${world.server.url}/api/v1/conversations/${id}`, {
    method: "DELETE",
    headers: world.headers,
  });
  if (gone.status !== 204) throw new Error(`DELETE answered ${gone.status}`);
}

await withServer(
  { WEBPLUS_GUIDE_WORDS_PER_SECOND: "2000", WEBPLUS_ACCESS_TOKEN_MINUTES: "1440" },
  async (world) => {
    const end = Date.now() + seconds * 1000;
    const memory: number[] = [];
    let turns = 0;
    const load = inParallel(clients, clients, async () => {
      while (Date.now() < end) await chat(world, turns++);
    });
    const watch = async (): Promise<void> => {
      while (Date.now() < end) {
        await sleep((seconds * 1000) / samples);
        memory.push(usage(world.server.pid).residentMb);
      }
    };
    await Promise.all([load, watch()]);
    const quarter = Math.floor(memory.length / 4);
    const early = median(memory.slice(quarter, 2 * quarter));
    const late = median(memory.slice(3 * quarter));
    const flat = late <= early * growthLimit;
    console.log(
      `${turns} turns in ${seconds} s; memory ${early.toFixed(1)} MB early, ${late.toFixed(1)} MB late: ${flat ? "flat" : "GROWS"}`,
    );
    process.exitCode = flat ? 0 : 1;
  },
);
