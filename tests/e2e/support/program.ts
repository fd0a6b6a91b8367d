/** The real server in a process of its own, on a port and a data folder that outlive a restart. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../../api/lib/port.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const binary = path.resolve(
  root,
  process.env.WEBPLUS_BINARY ?? process.env.WEBPLUS ?? "build/webplus",
);
const stopLimitMs = 40_000;

/** None outlives the tests. */
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Settings of whoever runs the tests must not become the server's. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("WEBPLUS")),
  );
}

export class Program {
  readonly url: string;
  /** Printed at the first start only. */
  setupLink = "";
  readonly output: string[] = [];
  readonly #port: number;
  readonly #data: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;

  private constructor(port: number, data: string, env: Record<string, string>) {
    this.#port = port;
    this.#data = data;
    this.#env = env;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(env: Record<string, string> = {}): Promise<Program> {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: run make build first`);
    const data = await mkdtemp(path.join(tmpdir(), "webplus-e2e-"));
    const program = new Program(await freePort(), data, env);
    await program.run();
    return program;
  }

  /** Starts it, or starts it again, and waits until it answers. */
  async run(): Promise<void> {
    const args = ["serve", "--listen", `127.0.0.1:${this.#port}`, "--data", this.#data];
    const child = spawn(binary, args, {
      cwd: this.#data,
      env: { ...inherited(), WEBPLUS_DISCOVER: "false", ...this.#env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    const ended = new AbortController();
    child.once("exit", () => {
      running.delete(child);
      ended.abort();
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#onLine(line));
    }
    await this.#untilReady(ended.signal);
  }

  #onLine(line: string): void {
    this.output.push(line);
    const link = /https?:\/\/\S*\/setup\?token=\S+/.exec(line)?.[0];
    if (link !== undefined) this.setupLink = link.replace(/[^A-Za-z0-9_-]+$/, "");
  }

  async #untilReady(ended: AbortSignal): Promise<void> {
    for (;;) {
      if (ended.aborted) throw new Error(`The server ended at its start.\n${this.tail()}`);
      const reply = await fetch(`${this.url}/api/v1/health`).catch(() => null);
      if (reply?.ok === true && (await this.#hasItsLink())) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** The link to set it up is printed, which may be read a moment after it answers. */
  async #hasItsLink(): Promise<boolean> {
    if (this.setupLink !== "") return true;
    const reply = await fetch(`${this.url}/api/v1/setup`);
    return !((await reply.json()) as { required: boolean }).required;
  }

  tail(): string {
    return this.output.slice(-40).join("\n");
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    const limit = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    await gone;
    clearTimeout(limit);
  }

  async remove(): Promise<void> {
    await this.end("SIGTERM");
    await rm(this.#data, { recursive: true, force: true });
  }
}
