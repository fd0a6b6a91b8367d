/* A way to another server that can be cut, or freeze, for whoever uses it and nobody else. */
import { once } from "node:events";
import net from "node:net";

export class Proxy {
  readonly #target: URL;
  readonly #server = net.createServer({ pauseOnConnect: true });
  readonly #sockets = new Set<net.Socket>();
  #state: "open" | "cut" | "frozen" = "open";

  private constructor(target: URL) {
    this.#target = target;
    this.#server.on("connection", (socket) => this.#onConnection(socket));
  }

  static async start(target: string): Promise<Proxy> {
    const proxy = new Proxy(new URL(target));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** The target's address, by this way. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as net.AddressInfo).port);
    return url.href;
  }

  #onConnection(client: net.Socket): void {
    if (this.#state === "cut") {
      client.destroy();
      return;
    }
    const target = net.connect(Number(this.#target.port), this.#target.hostname);
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (data) => to.write(data));
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#state === "frozen") from.pause();
      else from.resume();
    }
  }

  /** What goes this way is lost, and nobody comes through. */
  cut(): void {
    this.#state = "cut";
    for (const socket of this.#sockets) socket.destroy();
  }

  /** What goes this way is kept, and goes on with `open`. */
  freeze(): void {
    this.#state = "frozen";
    for (const socket of this.#sockets) socket.pause();
  }

  open(): void {
    this.#state = "open";
    for (const socket of this.#sockets) socket.resume();
  }

  async end(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
