/* Many WebSockets: what an idle one costs, whether the server still answers, and how long an event takes to all. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { type World, median, percentile, post, usage, withServer } from "./lib.ts";

const perSecond = 100;
const seconds = 10;
const rounds = 11;

interface Clients {
  child: ChildProcess;
  lines: AsyncIterator<string>;
}

async function connect(world: World, count: number, topic?: string): Promise<Clients> {
  const script = path.join(import.meta.dirname, "sockets_client.ts");
  const port = new URL(world.server.url).port;
  const args = [
    port,
    world.headers["authorization"]!,
    String(count),
    ...(topic === undefined ? [] : [topic]),
  ];
  const child = spawn("taskset", ["-c", "1", process.execPath, script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  if ((await lines.next()).value !== "open") throw new Error("the sockets could not be opened");
  return { child, lines };
}

async function close({ child }: Clients): Promise<void> {
  child.kill();
  await once(child, "exit");
}

/** How long each of so many requests per second took. */
async function requests(world: World): Promise<number[]> {
  const taken: number[] = [];
  const begin = performance.now();
  const under: Promise<void>[] = [];
  for (let i = 0; i < perSecond * seconds; i++) {
    await sleep(Math.max(0, begin + (i * 1000) / perSecond - performance.now()));
    const sent = performance.now();
    under.push(
      fetch(`${world.server.url}/api/v1/conversations?limit=20`, { headers: world.headers }).then(
        async (response) => {
          await response.arrayBuffer();
          if (!response.ok) throw new Error(`the list answered ${response.status}`);
          taken.push(performance.now() - sent);
        },
      ),
    );
  }
  await Promise.all(under);
  return taken;
}

export async function measureIdle(count: number): Promise<{ kibEach: number; p99Ms: number }> {
  return withServer({}, async (world) => {
    await requests(world); // what the server needs for itself is there
    const before = usage(world.server.pid).residentMb;
    const clients = await connect(world, count);
    try {
      const kibEach = ((usage(world.server.pid).residentMb - before) * 1024) / count;
      return { kibEach, p99Ms: percentile(await requests(world), 0.99) };
    } finally {
      await close(clients);
    }
  });
}

/** From the request that makes the event to the last subscriber, the median of some. */
export async function measureFanOut(count: number): Promise<number> {
  return withServer({}, async (world) => {
    const { id } = await post(world, "/api/v1/conversations", {});
    const clients = await connect(world, count, `conversation:${id}`);
    const taken: number[] = [];
    try {
      for (let round = 0; round < rounds; round++) {
        const title = String(process.hrtime.bigint() / 1000n);
        await fetch(`${world.server.url}/api/v1/conversations/${id}`, {
          method: "PATCH",
          headers: { ...world.headers, "content-type": "application/json" },
          body: JSON.stringify({ title }),
        });
        taken.push(Number((await clients.lines.next()).value));
      }
      return median(taken);
    } finally {
      await close(clients);
    }
  });
}
