/*
 * What the rate limiter costs: the processor time of a decision in memory, and, with a Redis, how often that is asked for a
 * request and how much later the answer comes for it.
 */
import { execFileSync } from "node:child_process";
import path from "node:path";

import { Redis } from "../tests/api/lib/redis.ts";
import { type World, median, root, withServer } from "./lib.ts";

const requests = 2000;
const runs = 5;

export interface Decisions {
  oneUs: number;
  manyUs: number;
  requestUs: number;
  toldUs: number;
}

/** As bench/limits.c tells it. */
export function measureDecisions(): Decisions {
  const taken = Array.from({ length: runs }, () =>
    execFileSync(path.join(root, "build/bench/limits"), { encoding: "utf8" })
      .split(" ")
      .map(Number),
  );
  const [oneUs, manyUs, requestUs, toldUs] = [0, 1, 2, 3].map((column) =>
    median(taken.map((run) => run[column]!)),
  ) as [number, number, number, number];
  return { oneUs, manyUs, requestUs, toldUs };
}

export interface Shared {
  /** Of what a client sent Redis in one piece, for each request. */
  roundTrips: number;
  scripts: number;
  laterMs: number;
}

/** What Redis has counted; what scripts call is in `commands`, too. */
function countsOf(redis: Redis): { reads: number; scripts: number } {
  const info = execFileSync("redis-cli", ["-p", String(redis.port), "info", "everything"], {
    encoding: "utf8",
  });
  const number = (pattern: RegExp): number => Number(pattern.exec(info)?.[1] ?? 0);
  return {
    reads: number(/^total_reads_processed:(\d+)/m),
    scripts: number(/^cmdstat_evalsha:calls=(\d+)/m),
  };
}

/** One after another, so that no two share a piece: milliseconds of each. */
async function times({ server, headers }: World): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < requests; i++) {
    const start = performance.now();
    const reply = await fetch(`${server.url}/api/v1/conversations?limit=1`, { headers });
    await reply.arrayBuffer();
    taken.push(performance.now() - start);
    if (!reply.ok) throw new Error(`the list answered ${reply.status}`);
  }
  return taken;
}

/** Warm: Redis has the script, and either side its paths. */
async function warmTimes(world: World): Promise<number[]> {
  await times(world);
  return times(world);
}

const generous = { WEBPLUS_RATE_LIMITS: "true", WEBPLUS_RATE_READ: "1000000" };

export async function measureShared(): Promise<Shared> {
  const redis = await Redis.start();
  try {
    const alone = await withServer(generous, warmTimes);
    return await withServer({ ...generous, WEBPLUS_REDIS_URL: redis.url }, async (world) => {
      await times(world);
      const before = countsOf(redis);
      const taken = await times(world);
      const after = countsOf(redis);
      return {
        roundTrips: (after.reads - before.reads) / requests,
        scripts: (after.scripts - before.scripts) / requests,
        laterMs: median(taken) - median(alone),
      };
    });
  } finally {
    await redis.kill();
  }
}
