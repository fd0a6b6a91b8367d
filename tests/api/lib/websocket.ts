/*
 * A WebSocket client that may break the rules: what it sends is up to the test. Frames that come in are checked: whole,
 * unmasked, without reserved bits.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import net from "node:net";

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface OpenOptions {
  headers?: Record<string, string | undefined>;
  path?: string;
  /** Instead of one that is made from the address. */
  connection?: net.Socket;
}

export interface Handshake {
  status: number;
  headers: Map<string, string>;
  body: string;
  socket: WebSocketClient;
}

interface Frame {
  opcode: number;
  data: Buffer;
}

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export class WebSocketClient {
  readonly #connection: net.Socket;
  #input = Buffer.alloc(0);
  /** What came behind `#input`, and how many bytes its frame lacks with them. */
  readonly #pieces: Buffer[] = [];
  #missing = 0;
  readonly #messages: unknown[] = [];
  readonly #frames: Frame[] = [];
  readonly #waiting: (() => void)[] = [];
  /** The code that the server closed with; undefined when it just hung up. */
  closeCode: number | undefined;
  closeReason = "";
  ended = false;

  private constructor(connection: net.Socket) {
    this.#connection = connection;
  }

  static async open(url: string, options: OpenOptions = {}): Promise<Handshake> {
    const { hostname, port } = new URL(url);
    const key = randomBytes(16).toString("base64");
    const headers: Record<string, string | undefined> = {
      host: `${hostname}:${port}`,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      ...options.headers,
    };
    const connection = options.connection ?? net.connect(Number(port), hostname);
    const lines = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`],
    );
    connection.write(
      `GET ${options.path ?? "/api/v1/ws"} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`,
    );
    const socket = new WebSocketClient(connection);
    const handshake = await socket.#readHead();
    if (handshake.status === 101)
      assert.equal(
        handshake.headers.get("sec-websocket-accept"),
        createHash("sha1")
          .update(key + guid)
          .digest("base64"),
      );
    else connection.destroy();
    return handshake;
  }

  #readHead(): Promise<Handshake> {
    return new Promise((resolve, reject) => {
      let head = Buffer.alloc(0);
      const onData = (data: Buffer): void => {
        head = Buffer.concat([head, data]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        const [first, ...lines] = head.subarray(0, end).toString("latin1").split("\r\n");
        const status = Number(first!.split(" ")[1]);
        const headers = new Map(
          lines.map((line) => [
            line.slice(0, line.indexOf(":")).toLowerCase(),
            line.slice(line.indexOf(":") + 1).trim(),
          ]),
        );
        const rest = head.subarray(end + 4);
        if (status !== 101 && rest.length < Number(headers.get("content-length") ?? 0)) return;
        this.#connection.off("data", onData);
        resolve({ status, headers, body: rest.toString(), socket: this });
        if (status !== 101) return;
        this.#connection.on("data", (more) => this.#onData(more));
        this.#onData(rest);
      };
      this.#connection.on("data", onData);
      this.#connection.on("error", () => this.#onEnd());
      this.#connection.on("close", () => {
        this.#onEnd();
        reject(new Error("The server hung up during the handshake."));
      });
    });
  }

  #onEnd(): void {
    this.ended = true;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #onData(data: Buffer): void {
    this.#pieces.push(data);
    this.#missing -= data.length;
    if (this.#missing > 0) return;
    this.#input = Buffer.concat([this.#input, ...this.#pieces.splice(0)]);
    for (let frame = this.#takeFrame(); frame !== undefined; frame = this.#takeFrame())
      this.#onFrame(frame);
    this.#wake();
  }

  #takeFrame(): Frame | undefined {
    const input = this.#input;
    if (input.length < 2) return undefined;
    assert.equal(input[0]! & 0xf0, 0x80, "a whole frame without reserved bits");
    assert.equal(input[1]! & 0x80, 0, "a server does not mask");
    const size = input[1]! & 0x7f;
    const head = size === 126 ? 4 : size === 127 ? 10 : 2;
    if (input.length < head) return undefined;
    const length =
      size === 126 ? input.readUInt16BE(2) : size === 127 ? Number(input.readBigUInt64BE(2)) : size;
    this.#missing = head + length - input.length;
    if (this.#missing > 0) return undefined;
    this.#input = input.subarray(head + length);
    return { opcode: input[0]! & 0x0f, data: input.subarray(head, head + length) };
  }

  #onFrame(frame: Frame): void {
    if (frame.opcode === opcode.text) {
      this.#messages.push(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(frame.data)));
      return;
    }
    if (frame.opcode === opcode.ping)
      return this.write(encodeFrame(0x80 | opcode.pong, frame.data));
    this.#frames.push(frame);
    if (frame.opcode !== opcode.close) return;
    this.closeCode = frame.data.length >= 2 ? frame.data.readUInt16BE(0) : 1005;
    this.closeReason = frame.data.subarray(2).toString();
    // The closing handshake: our close answers the server's.
    if (!this.#connection.destroyed)
      this.#connection.end(encodeFrame(0x88, frame.data.subarray(0, 2)));
  }

  async #until<T>(take: () => T | undefined, what: string): Promise<T> {
    for (;;) {
      const found = take();
      if (found !== undefined) return found;
      if (this.ended)
        throw new Error(
          `The socket ended (${this.closeCode ?? "no code"} ${this.closeReason}) before ${what}.`,
        );
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The next JSON message. */
  next(): Promise<any> {
    return this.#until(() => this.#messages.shift(), "the next message");
  }

  /** Messages up to and with the first of this type. */
  async nextOf(type: string): Promise<any> {
    for (;;) {
      const message = await this.next();
      if (message.type === type) return message;
    }
  }

  /** The next frame that is not text. */
  nextFrame(): Promise<Frame> {
    return this.#until(() => this.#frames.shift(), "the next frame");
  }

  /** The code that the server closes with. */
  closed(): Promise<number> {
    return this.#until(() => this.closeCode, "a close frame");
  }

  write(bytes: Uint8Array): void {
    this.#connection.write(bytes);
  }

  send(message: unknown): void {
    this.write(encodeFrame(0x80 | opcode.text, Buffer.from(JSON.stringify(message))));
  }

  /** Sends and waits for the answer. */
  ask(message: unknown): Promise<any> {
    this.send(message);
    return this.next();
  }

  /** Stops reading, so that the server's writes pile up. */
  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  async close(): Promise<void> {
    if (!this.ended && this.closeCode === undefined) {
      this.write(encodeFrame(0x88, Buffer.from([0x03, 0xe8])));
      await this.closed();
    }
    this.#connection.destroy();
  }

  /** Hangs up without a word. */
  drop(): void {
    this.#connection.destroy();
  }
}

/** A masked frame with its first byte as given. */
export function encodeFrame(head: number, data: Uint8Array, masked = true): Buffer {
  const mask = masked ? randomBytes(4) : Buffer.alloc(0);
  const bit = masked ? 0x80 : 0;
  const header =
    data.length < 126
      ? Buffer.from([head, bit | data.length])
      : data.length < 65536
        ? Buffer.from([head, bit | 126, data.length >> 8, data.length & 0xff])
        : Buffer.from([
            head,
            bit | 127,
            ...new Uint8Array(new BigUint64Array([BigInt(data.length)]).buffer).reverse(),
          ]);
  const body = masked ? Buffer.from(data.map((byte, i) => byte ^ mask[i % 4]!)) : Buffer.from(data);
  return Buffer.concat([header, mask, body]);
}
