/*
 * A way to another server that can be cut, or freeze, for whoever uses it and nobody else. It is a thread of its own
 * (proxy-thread.ts), since a test that is busy would be slow to pass on what it carries.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";

export type ProxyState = "open" | "cut" | "frozen";

export class Proxy {
  readonly #thread: Worker;
  /** The target's address, by this way. */
  readonly url: string;

  private constructor(thread: Worker, url: string) {
    this.#thread = thread;
    this.url = url;
  }

  static async start(target: string): Promise<Proxy> {
    const thread = new Worker(new URL("./proxy-thread.ts", import.meta.url), {
      workerData: target,
    });
    const [port] = (await once(thread, "message")) as [number];
    const url = new URL(target);
    url.hostname = "127.0.0.1";
    url.port = String(port);
    return new Proxy(thread, url.href);
  }

  /**
   * Cut, what goes this way is lost, and nobody comes through; frozen, it is kept, and goes on when the way is open again.
   */
  async set(state: ProxyState): Promise<void> {
    this.#thread.postMessage(state);
    await once(this.#thread, "message");
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }
}
