/* Many streams at once: an upstream process, the server, and a client process with a WebSocket per stream. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

import { inParallel, post, usage, withServer } from "./lib.ts";

export interface Streams {
  deltas: number;
  p50Ms: number;
  p99Ms: number;
  cores: number;
}

function start(name: string, args: string[]): ChildProcess {
  const script = path.join(import.meta.dirname, name);
  return spawn("taskset", ["-c", "1", process.execPath, script, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

export async function measureStreams(
  count: number,
  perSecond: number,
  seconds: number,
): Promise<Streams> {
  const upstream = start("stream_upstream.ts", [String(perSecond)]);
  const [port] = (await once(createInterface({ input: upstream.stdout! }), "line")) as [string];
  const env = { WEBPLUS_OPENAI_URL: `http://127.0.0.1:${port}/v1`, WEBPLUS_DRAIN_SECONDS: "0" };
  try {
    return await withServer(env, async (world) => {
      const models = await fetch(`${world.server.url}/api/v1/models`, { headers: world.headers });
      const { items } = (await models.json()) as { items: { id: string; provider: string }[] };
      const model_id = items.find(({ provider }) => provider === "openai")!.id;
      const ids = await inParallel(count, 32, async () => {
        const { id } = await post(world, "/api/v1/conversations", { model_id });
        const turn = await post(world, `/api/v1/conversations/${id}/messages`, {
          content: "Go on.",
        });
        return turn.assistant_message.id as string;
      });

      const client = start("stream_client.ts", [
        world.server.url,
        world.headers["authorization"]!,
        String(seconds),
      ]);
      client.stdin!.end(JSON.stringify(ids));
      const lines = createInterface({ input: client.stdout! })[Symbol.asyncIterator]();
      await lines.next(); // all are subscribed: the measuring begins
      const before = usage(world.server.pid).cpuSeconds;
      const { value } = await lines.next();
      const used = usage(world.server.pid).cpuSeconds - before;
      return { ...(JSON.parse(value as string) as Streams), cores: used / seconds };
    });
  } finally {
    upstream.kill();
  }
}
