/* The numbers that Web+ promises, measured on this machine beside nginx. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync } from "node:zlib";

import {
  binary,
  freePort,
  inParallel,
  median,
  post,
  root,
  usage,
  withFolder,
  withNginx,
  withServer,
  wrk,
} from "./lib.ts";
import { Redis } from "../tests/api/lib/redis.ts";
import { codings, measureCompression } from "./compression.ts";
import { measureEncryption } from "./encryption.ts";
import { measureDecisions, measureShared } from "./limits.ts";
import { measurePages } from "./pages.ts";
import { measureQueries } from "./queries.ts";
import { measureCached, measureList, type Share } from "./reads.ts";
import { measureRotation } from "./rotate.ts";
import { measureSearch } from "./search.ts";
import { measureFanOut, measureIdle } from "./sockets.ts";
import { measureStreams } from "./streams.ts";
import { postOnPostgres, postOnSqlite } from "./writes.ts";

interface Row {
  what: string;
  value: number;
  unit: string;
  /** What is promised; without it the number is only reported. */
  atMost?: number;
  atLeast?: number;
}

const runs = 5;
const loadSeconds = Number(process.env["BENCH_SECONDS"] ?? 5);

// Servers are measured on SQLite but where a measure says otherwise.
const postgresUrl = process.env["WEBPLUS_TEST_POSTGRES"];
delete process.env["WEBPLUS_TEST_POSTGRES"];

const measures: Record<string, () => Promise<Row[]>> = {
  size,
  start,
  idle,
  list,
  cached,
  postgres,
  credentials,
  limits,
  queries,
  pages,
  search,
  writes,
  streams,
  sockets,
  encryption,
  rotate,
  compression,
  outbound,
  redis,
};

async function size(): Promise<Row[]> {
  const stripped = await withFolder((folder) => {
    const copy = path.join(folder, "webplus");
    execFileSync("strip", ["-o", copy, binary]);
    return statSync(copy).size;
  });
  const dist = path.join(root, "apps/frontend/dist");
  const first = [
    ...readFileSync(path.join(dist, "index.html"), "utf8").matchAll(
      /(?:src|href)="\/([^"]+\.js)"/g,
    ),
  ];
  const bytes = first.map(
    ([, name]) => brotliCompressSync(readFileSync(path.join(dist, name!))).length,
  );
  return [
    {
      what: "stripped binary, with the front end",
      value: stripped / 1024 / 1024,
      unit: "MB",
      atMost: 12,
    },
    {
      what: `first load of the page: JavaScript, Brotli (${bytes.length} of ${readdirSync(path.join(dist, "assets")).length} files)`,
      value: bytes.reduce((sum, length) => sum + length, 0) / 1024,
      unit: "KB",
      atMost: 200,
    },
  ];
}

async function start(): Promise<Row[]> {
  const fresh: number[] = [];
  const old: number[] = [];
  const port = await freePort();
  const time = (data: string): number => {
    const args = [String(port), binary, "serve", "--listen", `127.0.0.1:${port}`, "--data", data];
    const env = { PATH: process.env["PATH"], WEBPLUS_DISCOVER: "false" };
    return Number(
      execFileSync(path.join(root, "build/bench/start_time"), args, {
        env,
        stdio: ["ignore", "pipe", "ignore"],
      })
        .toString()
        .trim()
        .split("\n")
        .at(-1),
    );
  };
  for (let i = 0; i < runs; i++)
    await withFolder((folder) => {
      fresh.push(time(folder));
      old.push(time(folder));
    });
  return [
    { what: "start to first 200, new database", value: median(fresh), unit: "ms", atMost: 50 },
    { what: "start to first 200, old database", value: median(old), unit: "ms", atMost: 20 },
  ];
}

async function idle(): Promise<Row[]> {
  return withServer({}, async ({ server }) => {
    await sleep(2000);
    return [
      {
        what: "resident memory, idle, after a sign-in",
        value: usage(server.pid).residentMb,
        unit: "MB",
        atMost: 20,
      },
    ];
  });
}

/* As it is installed, where most replies come from memory, and with every one read from the database. */
async function list(): Promise<Row[]> {
  const rows = (what: string, { perSecond, nginxPerSecond, p99Ms }: Share): Row[] => [
    { what, value: perSecond, unit: "req/s" },
    { what: "  as a share of nginx", value: perSecond / nginxPerSecond, unit: "×", atLeast: 0.25 },
    { what: "  p99 at 64 connections", value: p99Ms, unit: "ms", atMost: 5 },
  ];
  const installed = await measureList(true, loadSeconds);
  const read = await measureList(false, loadSeconds);
  return [
    {
      what: `nginx, a static file of ${read.bytes} bytes, one core`,
      value: read.nginxPerSecond,
      unit: "req/s",
    },
    ...rows("list of 20 conversations of 10 000, signed in, as installed", installed),
    ...rows("the same without the cache", read),
  ];
}

/* From memory, and from the database, as shares of what nginx does. */
async function cached(): Promise<Row[]> {
  const kept = await measureCached(true, loadSeconds);
  const read = await measureCached(false, loadSeconds);
  const row = (
    what: string,
    { perSecond, nginxPerSecond }: typeof kept.object,
    atLeast?: number,
  ): Row[] => [
    { what, value: perSecond, unit: "req/s" },
    {
      what: "  as a share of nginx",
      value: perSecond / nginxPerSecond,
      unit: "×",
      ...(atLeast && { atLeast }),
    },
  ];
  return [
    ...row(
      `one conversation from memory, ${kept.object.bytes} bytes, signed in`,
      kept.object,
      2 / 3,
    ),
    ...row(`a page of 20 from memory, ${kept.page.bytes} bytes, signed in`, kept.page),
    ...row("one conversation from SQLite, signed in", read.object, 1 / 3),
  ];
}

/* The same read on either database, and what the pool is worth. */
async function postgres(): Promise<Row[]> {
  if (postgresUrl === undefined) throw new Error("bench/run starts PostgreSQL");
  const read = (): Promise<number> =>
    withServer({ WEBPLUS_DATABASE_CONNECTIONS: "16" }, async (world) => {
      await inParallel(10_000, 32, (i) =>
        post(world, "/api/v1/conversations", { title: `Conversation number ${i}` }),
      );
      const load = await wrk(
        world.server.url + "/api/v1/conversations?limit=20",
        world.headers,
        loadSeconds,
      );
      if (load.failed > 0) throw new Error("a request of the list failed");
      return load.perSecond;
    });
  const onSqlite = await read();
  process.env["WEBPLUS_TEST_POSTGRES"] = postgresUrl;
  const onPostgres = await read();
  delete process.env["WEBPLUS_TEST_POSTGRES"];
  const pool = path.join(root, "build/bench/pool");
  const [pooled, alone] = execFileSync(pool, [postgresUrl, String(loadSeconds)], {
    encoding: "utf8",
  })
    .split(" ")
    .map(Number) as [number, number];
  return [
    {
      what: "list of 20 conversations of 10 000, PostgreSQL, pool of 16",
      value: onPostgres,
      unit: "req/s",
    },
    {
      what: "  as a share of the same on SQLite",
      value: onPostgres / onSqlite,
      unit: "×",
      atLeast: 0.25,
    },
    { what: "reads from PostgreSQL by 16 threads, over the pool", value: pooled, unit: "/s" },
    { what: "  against a connection for each", value: pooled / alone, unit: "×", atLeast: 2 },
  ];
}

/* Who asks, when a credential was seen before. */
async function credentials(): Promise<Row[]> {
  const [token, key] = await withFolder((folder) => {
    const taken = Array.from({ length: runs }, () =>
      execFileSync(path.join(root, "build/bench/credentials"), [folder], { encoding: "utf8" })
        .split(" ")
        .map(Number),
    );
    return [0, 1].map((column) => median(taken.map((run) => run[column]!)));
  });
  return [
    {
      what: "check of an access token that was seen before, processor time",
      value: token!,
      unit: "µs",
      atMost: 5,
    },
    {
      what: "check of an API key that was seen before, processor time",
      value: key!,
      unit: "µs",
      atMost: 10,
    },
  ];
}

/* Whether somebody may ask, in memory and by all servers' count. */
async function limits(): Promise<Row[]> {
  const { oneUs, manyUs, requestUs, toldUs } = measureDecisions();
  const { roundTrips, scripts, laterMs } = await measureShared();
  return [
    {
      what: "rate limiter, a decision for one address, processor time",
      value: oneUs,
      unit: "µs",
      atMost: 1,
    },
    { what: "  for each of 10 000 addresses", value: manyUs, unit: "µs", atMost: 1 },
    {
      what: "  all that is decided of a request, for its address and its account",
      value: requestUs,
      unit: "µs",
      atMost: 1,
    },
    { what: "  the same with the headers that tell of it", value: toldUs, unit: "µs" },
    {
      what: "rate limiter with a Redis: scripts run for a request",
      value: scripts,
      unit: "",
      atLeast: 1,
      atMost: 1,
    },
    {
      what: "  round trips, with what a server asks for itself",
      value: roundTrips,
      unit: "",
      atMost: 1.02,
    },
    { what: "  how much later the answer comes", value: laterMs, unit: "ms", atMost: 1 },
  ];
}

/* Lists of an installation with a million rows of audit, on either database. */
/* What the indexes are worth. */
async function queries(): Promise<Row[]> {
  return (await measureQueries()).flatMap(({ what, withMs, withoutMs }) => [
    { what, value: withMs, unit: "ms", atMost: 5 },
    { what: "  without the indexes", value: withoutMs / withMs, unit: "×" },
  ]);
}

async function pages(): Promise<Row[]> {
  if (postgresUrl === undefined) throw new Error("bench/run starts PostgreSQL");
  const { sqlite, postgres, wholeReads } = await measurePages(1_000_000, postgresUrl);
  return [
    {
      what: "slowest page of users, sessions, and 1 000 000 rows of audit, SQLite",
      value: sqlite.ms,
      unit: "ms",
      atMost: 5,
    },
    { what: `  ${sqlite.target}; median of all`, value: sqlite.medianMs, unit: "ms" },
    { what: "  the same on PostgreSQL", value: postgres.ms, unit: "ms", atMost: 5 },
    { what: `  ${postgres.target}; median of all`, value: postgres.medianMs, unit: "ms" },
    { what: "  times that PostgreSQL read the log whole", value: wholeReads, unit: "", atMost: 0 },
  ];
}

async function search(): Promise<Row[]> {
  if (postgresUrl === undefined) throw new Error("bench/run starts PostgreSQL");
  const { messages, indexedPerSecond, bytesPerMessage, sqlite, postgres } =
    await measureSearch(postgresUrl);
  return [
    {
      what: `search in ${messages} messages, SQLite, p95`,
      value: sqlite.p95Ms,
      unit: "ms",
      atMost: 30,
    },
    { what: "  p50", value: sqlite.p50Ms, unit: "ms" },
    { what: `  p95 of ${sqlite.slowest}`, value: sqlite.slowestMs, unit: "ms" },
    { what: "  the same on PostgreSQL, p95", value: postgres.p95Ms, unit: "ms", atMost: 30 },
    { what: "  p50", value: postgres.p50Ms, unit: "ms" },
    { what: `  p95 of ${postgres.slowest}`, value: postgres.slowestMs, unit: "ms" },
    { what: "  messages indexed, SQLite", value: indexedPerSecond, unit: "/s" },
    { what: "  index of a message", value: bytesPerMessage, unit: "bytes" },
  ];
}

/* 64 clients post messages; each fsync takes 5 ms longer, as on a disk. */
async function writes(): Promise<Row[]> {
  if (postgresUrl === undefined) throw new Error("bench/run starts PostgreSQL");
  const slow = await postOnSqlite(5, loadSeconds);
  const fast = await postOnSqlite(0, loadSeconds);
  const postgres = await postOnPostgres(postgresUrl, loadSeconds);
  return [
    {
      what: "acknowledged messages per fsync, fsync + 5 ms",
      value: slow.perFsync,
      unit: "",
      atLeast: 20,
    },
    { what: "  messages, fsync + 5 ms", value: slow.perSecond, unit: "/s" },
    { what: "  messages, fsync as it is here", value: fast.perSecond, unit: "/s" },
    { what: "acknowledged messages, PostgreSQL", value: postgres.perSecond, unit: "/s" },
    {
      what: "  transactions run again since they met another",
      value: postgres.retried * 100,
      unit: "%",
      atMost: 10,
    },
  ];
}

async function sockets(): Promise<Row[]> {
  const { kibEach, p99Ms } = await measureIdle(10_000);
  return [
    {
      what: "10 000 idle WebSockets, resident memory of each",
      value: kibEach,
      unit: "KiB",
      atMost: 6,
    },
    { what: "  p99 of 100 requests/s meanwhile", value: p99Ms, unit: "ms", atMost: 20 },
    {
      what: "an event to 5 000 subscribers, from its request to the last",
      value: await measureFanOut(5000),
      unit: "ms",
      atMost: 100,
    },
  ];
}

async function streams(): Promise<Row[]> {
  const { p50Ms, p99Ms, cores, deltas } = await measureStreams(1000, 20, 10);
  return [
    {
      what: `1 000 WebSockets, each a stream of 20 deltas/s (${deltas} seen): upstream to client, median`,
      value: p50Ms,
      unit: "ms",
    },
    { what: "  p99", value: p99Ms, unit: "ms", atMost: 150 },
    { what: "  processor of the server", value: cores, unit: "cores", atMost: 1 },
  ];
}

/* A page of messages, beside a server that seals nothing. */
async function encryption(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const bytes of [400, 4096]) {
    const { onPerSecond, offPerSecond, cost } = await measureEncryption(bytes, loadSeconds);
    rows.push(
      {
        what: `page of 50 messages of ${bytes} bytes each, encrypted`,
        value: onPerSecond,
        unit: "req/s",
      },
      { what: "  not encrypted", value: offPerSecond, unit: "req/s" },
      { what: "  throughput that encryption costs", value: cost * 100, unit: "%", atMost: 35 },
    );
  }
  return rows;
}

/* A new data key for everything, beside a server that works. */
async function rotate(): Promise<Row[]> {
  const { rowsPerSecond, readsPerSecond } = await measureRotation();
  return [
    {
      what: "keys rotate: rows sealed anew of 100 000, on the server's core",
      value: rowsPerSecond,
      unit: "/s",
      atLeast: 20_000,
    },
    { what: "  lists read from the server meanwhile", value: readsPerSecond, unit: "/s" },
  ];
}

/* Bytes that compression saves, and what it costs. Files were compressed when they were built. */
async function compression(): Promise<Row[]> {
  return (await measureCompression()).flatMap(({ route, bytes, saved, costUs }) =>
    codings.flatMap((coding) => [
      {
        what: `${route}, ${bytes} bytes: saved by ${coding}`,
        value: saved[coding]! * 100,
        unit: "%",
        ...(bytes > 4096 && { atLeast: 50 }),
      },
      { what: "  processor time that a reply costs more", value: costUs[coding]!, unit: "µs" },
    ]),
  );
}

/* Commands to a Redis, over the one connection that is kept and without. */
async function redis(): Promise<Row[]> {
  const server = await Redis.start();
  try {
    const output = execFileSync(
      path.join(root, "build/bench/redis"),
      [String(server.port), String(loadSeconds)],
      { encoding: "utf8" },
    );
    const [kept, alone] = output.split(" ").map(Number) as [number, number];
    return [
      { what: "commands to Redis, 16 at once, over the one connection", value: kept, unit: "/s" },
      { what: "  against a connection for each", value: kept / alone, unit: "×", atLeast: 2 },
    ];
  } finally {
    await server.kill();
  }
}

/* Requests to another server, over connections that are kept and without. */
async function outbound(): Promise<Row[]> {
  return withNginx(Buffer.from('{"ok":true}'), async (url) => {
    return [16, 200].flatMap((atOnce) => {
      const args = [url, String(loadSeconds), String(atOnce)];
      const output = execFileSync(path.join(root, "build/bench/outbound"), args, {
        encoding: "utf8",
      });
      const [kept, closed] = output.split(" ").map(Number) as [number, number];
      return [
        {
          what: `requests to another server, ${atOnce} at once, over kept connections`,
          value: kept,
          unit: "/s",
        },
        { what: "  against a connection for each", value: kept / closed, unit: "×", atLeast: 1.5 },
      ];
    });
  });
}

function print({ what, value, unit, atMost, atLeast }: Row): boolean {
  const kept =
    (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
  const number =
    value >= 1000 ? Math.round(value).toLocaleString("en").replaceAll(",", " ") : value.toFixed(2);
  const promise =
    atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : "";
  console.log(
    `${what.padEnd(74)} ${`${number} ${unit}`.padStart(16)}   ${promise.padEnd(6)} ${promise === "" ? "" : kept ? "ok" : "MISSED"}`,
  );
  return kept;
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(measures);
let missed = 0;
for (const name of names) {
  const measure = measures[name];
  if (!measure)
    throw new Error(`there is no measure ${name}; there are: ${Object.keys(measures).join(", ")}`);
  for (const row of await measure()) missed += print(row) ? 0 : 1;
}
process.exitCode = missed === 0 ? 0 : 1;
