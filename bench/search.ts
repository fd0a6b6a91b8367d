/*
 * Searching a million messages that one owner has (SEARCH_MESSAGES: so many instead), on SQLite, and on PostgreSQL after
 * `webplus db copy`; how fast the index of them is made, and how large it is.
 */
import { execFileSync } from "node:child_process";
import path from "node:path";

import { query } from "../tests/api/lib/postgres.ts";
import { type World, percentile, root, username, withServer } from "./lib.ts";

const messages = Number(process.env["SEARCH_MESSAGES"] ?? 1_000_000);
const timesEach = 40;

/** Words by their number: the smaller, the more common. */
const word = (number: number): string => `w${number.toString(16)}`;

/** Each asked with other words each time, where it has any. */
const questions: Record<string, (i: number) => string> = {
  "a rare word": () => "raritas",
  "a common word": (i) => word(i % 20),
  "two common words": (i) => `${word(i % 20)} ${word(20 + (i % 30))}`,
  "three words": (i) => `${word(100 + i)} ${word(3)} ${word(40 + i)}`,
  "a common and a rare word": () => `${word(0)} raritas`,
  "a phrase": () => '"terra incognita"',
  "a phrase of common words": (i) => `"${word(i % 10)} ${word(1)}"`,
  "the beginning of a title": (i) => `t${i.toString(16)}`,
  "a word of all titles": () => "convers",
  "what is nowhere": (i) => `nowhere${i}`,
  "words that never meet": (i) => `${word(2000 + i)} ${word(3000 + i)} ${word(4000 + i)}`,
};

export interface Searches {
  p50Ms: number;
  p95Ms: number;
  /** The question that takes longest, by its 95th percentile. */
  slowest: string;
  slowestMs: number;
}

async function measure({ server, headers }: World): Promise<Searches> {
  const all: number[] = [];
  let slowest = { name: "", ms: 0 };
  for (const [name, ask] of Object.entries(questions)) {
    const taken: number[] = [];
    for (let i = 0; i < timesEach + 2; i++) {
      const start = performance.now();
      const reply = await fetch(`${server.url}/api/v1/search?q=${encodeURIComponent(ask(i))}`, {
        headers,
      });
      const text = await reply.text();
      if (!reply.ok) throw new Error(`${name} answered ${reply.status}: ${text}`);
      if (i >= 2) taken.push(performance.now() - start); // the first ones open connections
    }
    all.push(...taken);
    const ms = percentile(taken, 0.95);
    if (ms > slowest.ms) slowest = { name, ms };
  }
  return {
    p50Ms: percentile(all, 0.5),
    p95Ms: percentile(all, 0.95),
    slowest: slowest.name,
    slowestMs: slowest.ms,
  };
}

async function run({ server }: World, ...args: string[]): Promise<string> {
  const { code, output } = await server.command([...args, "--data", server.data]);
  if (code !== 0) throw new Error(`${args.join(" ")}: ${output}`);
  return output;
}

export interface SearchFigures {
  messages: number;
  indexedPerSecond: number;
  bytesPerMessage: number;
  sqlite: Searches;
  postgres: Searches;
}

export async function measureSearch(postgresUrl: string): Promise<SearchFigures> {
  const url = new URL(postgresUrl);
  url.pathname = "/webplus_search";
  return withServer({}, async (world) => {
    const { server } = world;
    await server.end();
    execFileSync(
      path.join(root, "build/bench/search_rows"),
      [server.data, username, String(messages)],
      { stdio: "inherit" },
    );
    const began = Date.now();
    const output = await run(world, "search", "rebuild");
    const seconds = (Date.now() - began) / 1000;
    const bytes = Number(/(\d+) bytes sealed/.exec(output)![1]);
    await server.run();
    const sqlite = await measure(world);
    await server.end();
    await query(postgresUrl, `CREATE DATABASE ${url.pathname.slice(1)}`);
    await run(world, "db", "copy", "--from", `sqlite:${server.data}`, "--to", url.href);
    await query(url.href, "VACUUM ANALYZE"); // as PostgreSQL itself does after a minute
    server.env["WEBPLUS_DATABASE_URL"] = url.href;
    await server.run();
    const postgres = await measure(world);
    return {
      messages,
      indexedPerSecond: messages / seconds,
      bytesPerMessage: bytes / messages,
      sqlite,
      postgres,
    };
  });
}
