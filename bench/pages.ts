/*
 * An installation with 10 000 accounts, 1 000 sessions of one of them, and a long audit log: how long each page of its
 * lists takes, on SQLite, and on PostgreSQL after `webplus db copy`. That SQLite finds each page by an index is held by the
 * unit test of all statements; PostgreSQL counts how often it read the log whole.
 */
import { execFileSync } from "node:child_process";
import path from "node:path";

import { query } from "../tests/api/lib/postgres.ts";
import { type World, median, root, username, withServer } from "./lib.ts";

/** The page that takes longest, by the median of its times. */
interface Slowest {
  target: string;
  ms: number;
  /** Of all pages. */
  medianMs: number;
}

const timesEach = 60;

/** Every kind of page: from the beginning, the middle and near the end, with each filter, with much and little behind it. */
function allPages(rows: number, busy: string, quiet: string): string[] {
  const filters = [
    "",
    `&actor_id=${busy}`,
    `&actor_id=${quiet}`,
    `&object_id=${quiet}`,
    "&action=session.open",
    "&action=account.role",
    "&action=key.create", // of which there is none
    `&actor_id=${busy}&action=session.open`,
    `&actor_id=${busy}&action=account.role`,
    `&actor_id=${busy}&object_id=${quiet}`,
    `&action=account.role&object_id=${quiet}`,
    `&actor_id=${busy}&action=session.open&object_id=${quiet}`,
    "&since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z",
    `&actor_id=${busy}&since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z`,
    "&until=2020-01-01T00:00:00Z",
  ];
  return [
    ...[rows + 1000, rows / 2, 30].flatMap((cursor) =>
      filters.map((filter) => `/api/v1/audit?cursor=${cursor}${filter}`),
    ),
    ...["", "?cursor=person-05000", "?cursor=person-09990", "?q=person-07", "?q=nobody"].map(
      (list) => `/api/v1/users${list}`,
    ),
    "/api/v1/sessions",
    "/api/v1/sessions?limit=100",
  ];
}

async function timeOf({ server, headers }: World, target: string): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < timesEach; i++) {
    const start = performance.now();
    const reply = await fetch(server.url + target, { headers });
    const text = await reply.text();
    taken.push(performance.now() - start);
    if (!reply.ok) throw new Error(`${target} answered ${reply.status}: ${text}`);
  }
  return taken;
}

async function slowestOf(world: World, targets: string[]): Promise<Slowest> {
  let slowest = { target: "", ms: 0 };
  const medians: number[] = [];
  await timeOf(world, targets[0]!); // so that neither side is cold
  for (const target of targets) {
    const ms = median(await timeOf(world, target));
    medians.push(ms);
    if (ms > slowest.ms) slowest = { target, ms };
  }
  return { ...slowest, medianMs: median(medians) };
}

/** The same installation on a new database of the PostgreSQL. */
async function moveTo(url: string, { server }: World): Promise<void> {
  await server.end();
  const { code, output } = await server.command([
    "db",
    "copy",
    "--data",
    server.data,
    "--from",
    `sqlite:${server.data}`,
    "--to",
    url,
  ]);
  if (code !== 0) throw new Error(`db copy: ${output}`);
  await query(url, "VACUUM ANALYZE"); // as PostgreSQL itself does after a minute
  server.env["WEBPLUS_DATABASE_URL"] = url;
  await server.run();
}

async function wholeReadsOf(url: string): Promise<number> {
  const sql = "SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname = 'audit'";
  return Number(await query(url, sql));
}

export async function measurePages(
  rows: number,
  postgresUrl: string,
): Promise<{ sqlite: Slowest; postgres: Slowest; wholeReads: number }> {
  const url = new URL(postgresUrl);
  url.pathname = "/webplus_pages";
  return withServer({}, async (world) => {
    await world.server.end();
    const args = [world.server.data, username, String(rows)];
    const [busy, quiet] = execFileSync(path.join(root, "build/bench/audit_rows"), args, {
      encoding: "utf8",
    })
      .trim()
      .split(" ") as [string, string];
    const targets = allPages(rows, busy, quiet);
    await world.server.run();
    const sqlite = await slowestOf(world, targets);
    await query(postgresUrl, `CREATE DATABASE ${url.pathname.slice(1)}`);
    await moveTo(url.href, world);
    await timeOf(world, targets[0]!);
    const before = await wholeReadsOf(url.href);
    const postgres = await slowestOf(world, targets);
    await new Promise((resolve) => setTimeout(resolve, 2000)); // its counts come late
    const wholeReads = (await wholeReadsOf(url.href)) - before;
    return { sqlite, postgres, wholeReads };
  });
}
