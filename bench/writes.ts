/* 64 clients post messages, each answered at once by the guide, on either database. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { type World, inParallel, post, root, withFolder, withServer, wrk } from "./lib.ts";

const clients = 64;
/** Many, so that none is asked again while its answer streams. */
const conversations = 4000;
const fastAnswers = { WEBPLUS_GUIDE_WORDS_PER_SECOND: "100000" };

/** Messages that were acknowledged: how many, and how many a second. */
interface Posted {
  messages: number;
  perSecond: number;
  /** Transactions that were committed, and those that were run again. */
  commits: number;
  retries: number;
}

const counters = [
  'webplus_http_requests_total{status="2xx"}',
  "webplus_db_commits_total",
  "webplus_db_retries_total",
];

async function load(world: World, seconds: number): Promise<Posted> {
  const all = await inParallel(conversations, clients, () =>
    post(world, "/api/v1/conversations", {}),
  );
  const before = await count(world);
  const { perSecond } = await wrk(
    world.server.url,
    { ...world.headers, "content-type": "application/json" },
    seconds,
    `ids = { ${all.map(({ id }) => `"${id}"`).join(", ")} }
next_id = 0
wrk.method = "POST"
wrk.body = '{"content":"How do I sign in?"}'
request = function()
  next_id = next_id % #ids + 1
  return wrk.format(nil, "/api/v1/conversations/" .. ids[next_id] .. "/messages")
end`,
  );
  const [messages, commits, retries] = (await count(world)).map(
    (value, i) => value - before[i]!,
  ) as [number, number, number];
  return { messages, perSecond, commits, retries };
}

/** What GET /metrics says of the counters. */
async function count(world: World): Promise<number[]> {
  const text = await (
    await fetch(`${world.server.url}/metrics`, { headers: world.headers })
  ).text();
  return counters.map((name) => {
    const line = text.split("\n").find((each) => each.startsWith(`${name} `));
    if (line === undefined) throw new Error(`there is no metric ${name}`);
    return Number(line.slice(name.length + 1));
  });
}

/** On SQLite, each fsync taking so much longer, as on a disk. */
export async function postOnSqlite(
  fsyncMs: number,
  seconds: number,
): Promise<{ perFsync: number; perSecond: number }> {
  return withFolder((folder) => {
    const counter = path.join(folder, "fsyncs");
    const env = {
      LD_PRELOAD: path.join(root, "build/bench/libslow_fsync.so"),
      SLOW_FSYNC_MS: String(fsyncMs),
      SLOW_FSYNC_COUNT: counter,
      ...fastAnswers,
    };
    return withServer(env, async (world) => {
      const fsyncs = (): number => Number(readFileSync(counter).readBigUInt64LE(0));
      const before = fsyncs();
      const { messages, perSecond } = await load(world, seconds);
      return { perFsync: messages / (fsyncs() - before), perSecond };
    });
  });
}

/** On PostgreSQL, and which share of the transactions was run again because it met another one. */
export async function postOnPostgres(
  url: string,
  seconds: number,
): Promise<{ perSecond: number; retried: number }> {
  process.env["WEBPLUS_TEST_POSTGRES"] = url;
  try {
    return await withServer(fastAnswers, async (world) => {
      const { perSecond, commits, retries } = await load(world, seconds);
      return { perSecond, retried: retries / (retries + commits) };
    });
  } finally {
    delete process.env["WEBPLUS_TEST_POSTGRES"];
  }
}
