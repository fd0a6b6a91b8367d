/* A redis-server of a test's own, which may be killed and started again on the same port. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { freePort } from "./port.ts";

export class Redis {
  readonly port: number;
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<Redis> {
    const redis = new Redis(await freePort());
    await redis.run();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async run(): Promise<void> {
    const child = spawn(
      "redis-server",
      ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    this.#child = child;
    process.once("exit", () => child.kill("SIGKILL"));
    let ready = false;
    let said = "";
    for await (const line of createInterface({ input: child.stdout! })) {
      said += `${line}\n`;
      ready = line.includes("Ready to accept connections");
      if (ready) break;
    }
    if (!ready) throw new Error(`redis-server ended at its start:\n${said}`);
    child.stdout!.resume();
  }

  async #ask(...words: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)("redis-cli", ["-p", String(this.port), ...words]);
    return stdout.trim();
  }

  /** To who listens to the one channel that ends so. */
  async tell(channel: string, text: string): Promise<void> {
    const name = await this.#ask("pubsub", "channels", `*:${channel}`);
    await this.#ask("publish", name, text);
  }

  async kill(): Promise<void> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}
