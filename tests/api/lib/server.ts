/*
 * The real program, started on a free port with a folder and a database of its own. What it prints is kept, and shown when it dies
 * unasked.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { type Database, freshDatabase } from "./postgres.ts";

/** That tools/with-redis runs, if it does. */
const redis = process.env["WEBPLUS_TEST_REDIS"];
const root = path.resolve(import.meta.dirname, "../../..");

export const binary =
  process.env["WEBPLUS_BINARY"] ?? process.env["WEBPLUS"] ?? path.join(root, "build/webplus");

export interface ServerOptions {
  env?: Record<string, string>;
  /** An existing folder; by default a new one, removed by `remove`. */
  data?: string;
  /** By default a free port of the kernel's choice. */
  listen?: string;
  /** By default the one that was built. */
  program?: string;
  /** The processors it has, as taskset lists them; by default all. */
  processors?: string;
}

/** None outlives the tests. */
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

const stopLimitMs = 40_000;

export class Server {
  readonly data: string;
  readonly env: Record<string, string>;
  url = "";
  port = 0;
  /** Of the set-up link; empty when none was printed. */
  setupToken = "";
  output: string[] = [];
  #child: ChildProcess | undefined;
  #listen = "127.0.0.1:0";
  #command = [binary];
  #onSetupToken: () => void = () => {};
  #onPrinted: (() => void)[] = [];
  #database: Database | undefined;
  #exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }> | undefined;

  private constructor(data: string, env: Record<string, string>) {
    this.data = data;
    this.env = env;
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: run make build first`);
    const data = options.data ?? (await mkdtemp(path.join(tmpdir(), "webplus-test-")));
    const database =
      options.env?.["WEBPLUS_DATABASE_URL"] === undefined ? await freshDatabase() : undefined;
    const server = new Server(data, {
      ...(database && { WEBPLUS_DATABASE_URL: database.url }),
      ...(redis !== undefined && { WEBPLUS_REDIS_URL: redis }),
      ...options.env,
    });
    server.#database = database;
    server.#listen = options.listen ?? server.#listen;
    const program = options.program ?? binary;
    const { processors } = options;
    server.#command = processors === undefined ? [program] : ["taskset", "-c", processors, program];
    await server.run();
    return server;
  }

  /** Starts the program, again if it has ended, and waits until it listens. */
  async run(): Promise<void> {
    const child = this.#spawn(["serve", "--listen", this.#listen, "--data", this.data], {
      cwd: this.data,
      env: {
        ...inherited(),
        WEBPLUS_DISCOVER: "false",
        WEBPLUS_ACCESS_LOG: "false",
        WEBPLUS_RATE_LIMITS: "false",
        ...this.env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    // Its end, and that of what it printed.
    this.#exit = once(child, "close").then(([code, signal]) => ({ code, signal }));
    this.output = [];
    this.setupToken = "";
    createInterface({ input: child.stdout! }).on("line", (line) => this.#onLine(line));
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) =>
        reject(new Error(`The server ended at its start (${code ?? signal}).\n${this.tail()}`)),
      );
      createInterface({ input: child.stderr! }).on("line", (line) => {
        this.#onLine(line);
        const port = /"listening".*"[^"]*:(\d+)"/.exec(line)?.[1];
        if (port === undefined) return;
        this.port = Number(port);
        this.url = `http://127.0.0.1:${port}`;
        resolve();
      });
    });
    await this.#setUpLink();
  }

  /** The link is printed beside the log, on another pipe: it may come a moment later. */
  async #setUpLink(): Promise<void> {
    const state = (await (await fetch(`${this.url}/api/v1/setup`)).json()) as { required: boolean };
    if (!state.required || this.setupToken !== "") return;
    await new Promise<void>((resolve) => (this.#onSetupToken = resolve));
  }

  #onLine(line: string): void {
    this.output.push(line);
    for (const resolve of this.#onPrinted.splice(0)) resolve();
    const token = /\/setup\?token=([^\s&]+)/.exec(line)?.[1];
    if (token === undefined) return;
    this.setupToken = token;
    this.#onSetupToken();
  }

  /** The first line that is so; it comes by another way than a reply, and may come after it. */
  async printed(isSo: (line: string) => boolean): Promise<string> {
    for (;;) {
      const line = this.output.find(isSo);
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => this.#onPrinted.push(resolve));
    }
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  tail(): string {
    return this.output.slice(-60).join("\n");
  }

  /** Sends the signal, and waits for the end of the process and for all that it printed. */
  async end(
    signal: NodeJS.Signals = "SIGTERM",
  ): Promise<{ code: number | null; signal: string | null }> {
    const child = this.#child!;
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const limit = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    const result = await this.#exit!;
    clearTimeout(limit);
    return result;
  }

  /** Ends it in good order; what a sanitizer found makes this fail. */
  async remove(): Promise<void> {
    const { code, signal } = await this.end();
    await rm(this.data, { recursive: true, force: true });
    await this.#database?.drop();
    if (code !== 0) throw new Error(`The server ended with ${code ?? signal}.\n${this.tail()}`);
  }

  #spawn(args: string[], options: SpawnOptions): ChildProcess {
    const [program, ...before] = this.#command as [string, ...string[]];
    return spawn(program, [...before, ...args], options);
  }

  /** Runs another command of the program on the same folder. */
  async command(args: string[], input = ""): Promise<{ code: number; output: string }> {
    const child = this.#spawn(args, {
      cwd: this.data,
      env: { ...inherited(), ...this.env },
      stdio: "pipe",
    });
    let output = "";
    child.stdout!.on("data", (data: Buffer) => (output += data.toString()));
    child.stderr!.on("data", (data: Buffer) => (output += data.toString()));
    child.stdin!.on("error", () => {}); // it may end before it has read
    child.stdin!.end(input);
    const [code] = (await once(child, "close")) as [number];
    return { code, output };
  }

  async createUser(username: string, password: string, role = "user"): Promise<void> {
    const { code, output } = await this.command(
      [
        "user",
        "create",
        "--data",
        this.data,
        "--username",
        username,
        "--email",
        `${username}@example.org`,
        "--role",
        role,
      ],
      `${password}\n`,
    );
    if (code !== 0) throw new Error(`user create failed:\n${output}`);
  }
}

/** Our own environment without settings that would change the server's. */
function inherited(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("WEBPLUS"));
  return Object.fromEntries(kept) as Record<string, string>;
}
