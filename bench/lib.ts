/* What the measures share: the server with somebody signed in, nginx, wrk, and numbers. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { Server, binary } from "../tests/api/lib/server.ts";

export const root = path.resolve(import.meta.dirname, "..");
export { binary };

/* The server and nginx have one core, the load the other, so that they are compared on the same means. */
const serverCore = "0";
const loadCore = "1";

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

export function pin(pid: number): void {
  execFileSync("taskset", ["-a", "-c", "-p", serverCore, String(pid)], { stdio: "ignore" });
}

/** A folder that is gone after `use`. */
export async function withFolder<T>(use: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "webplus-bench-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface World {
  server: Server;
  headers: Record<string, string>;
}

export const username = "bench";
const credentials = { username, password: "a password for benching" };

/* One user opens all sockets here, from one address. */
const manySockets = {
  WEBPLUS_CONNECTIONS_PER_ADDRESS: "20000",
  WEBPLUS_WEBSOCKETS_PER_USER: "20000",
  WEBPLUS_WEBSOCKETS_PER_ADDRESS: "20000",
};

/** A new server with an administrator signed in. Without the cache unless it is asked for: what is measured is the work. */
export async function withServer<T>(
  env: Record<string, string>,
  use: (world: World) => Promise<T>,
  program = binary,
): Promise<T> {
  const server = await Server.start({
    program,
    processors: serverCore,
    env: { WEBPLUS_ACCESS_TOKEN_MINUTES: "60", WEBPLUS_CACHE: "false", ...manySockets, ...env },
  });
  try {
    const response = await fetch(`${server.url}/api/v1/setup`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        ...credentials,
        email: "bench@example.org",
        token: server.setupToken,
      }),
    });
    if (response.status !== 201)
      throw new Error(`set-up answered ${response.status}: ${await response.text()}`);
    const { access_token } = (await response.json()) as { access_token: string };
    return await use({ server, headers: { authorization: `Bearer ${access_token}` } });
  } finally {
    await server.remove();
  }
}

export async function post(world: World, target: string, body: unknown): Promise<any> {
  const response = await fetch(world.server.url + target, {
    method: "POST",
    headers: { ...world.headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new Error(`POST ${target} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Calls `work` for 0 … count-1, so many at once. */
export async function inParallel<T>(
  count: number,
  atOnce: number,
  work: (i: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      results[i] = await work(i);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** nginx with one worker, serving `content` as /file. */
export async function withNginx<T>(content: Buffer, use: (url: string) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const port = await freePort();
    writeFileSync(path.join(folder, "file"), content);
    writeFileSync(
      path.join(folder, "nginx.conf"),
      `user root; daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  open_file_cache max=10;
  server { listen 127.0.0.1:${port}; root ${folder}; } }
`,
    );
    const nginx = spawn(
      "taskset",
      ["-c", serverCore, "nginx", "-c", path.join(folder, "nginx.conf")],
      { stdio: "ignore" },
    );
    try {
      await answering(`http://127.0.0.1:${port}/file`, nginx);
      return await use(`http://127.0.0.1:${port}/file`);
    } finally {
      nginx.kill("SIGQUIT");
      await new Promise((resolve) => nginx.once("exit", resolve));
    }
  });
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  throw new Error(`${url}: the server ended with ${child.exitCode}`);
}

export interface Load {
  requests: number;
  perSecond: number;
  p99Ms: number;
  failed: number;
}

/** wrk from the load's core, 64 connections. `script` is Lua. */
export async function wrk(
  url: string,
  headers: Record<string, string>,
  seconds: number,
  script = "",
): Promise<Load> {
  return withFolder((folder) => {
    const lua = path.join(folder, "load.lua");
    writeFileSync(
      lua,
      `${script}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %f %d\\n", summary.requests, summary.duration,
    latency:percentile(99) / 1000, e.status + e.connect + e.read + e.write + e.timeout))
end
`,
    );
    const flags = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
    const output = execFileSync(
      "taskset",
      ["-c", loadCore, "wrk", "-t1", "-c64", `-d${seconds}s`, "-s", lua, ...flags, url],
      { encoding: "utf8" },
    );
    const found = /RESULT (\d+) (\d+) ([\d.]+) (\d+)/.exec(output);
    if (!found) throw new Error(`wrk: ${output}`);
    const [requests, microseconds, p99Ms, failed] = found.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
    ];
    return { requests, perSecond: (requests - failed) / (microseconds / 1e6), p99Ms, failed };
  });
}

/** From /proc: memory in MB, and seconds of processor time used so far. */
export function usage(pid: number): { residentMb: number; cpuSeconds: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const residentKb = Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]);
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return { residentMb: residentKb / 1024, cpuSeconds: (Number(stat[11]) + Number(stat[12])) / 100 };
}
