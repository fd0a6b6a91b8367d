/*
 * The upstream that the tests script: it speaks OpenAI's and Ollama's ways of chatting, and each request waits for the
 * test to say what is answered, down to the single byte.
 */
import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";

import { freePort } from "./port.ts";

export type Kind = "openai" | "ollama";

export const model = "openai/scripted";
export const ollamaModel = "ollama/scripted:latest";

/** How each kind says a piece of text, and that it is done. */
const wire = {
  openai: {
    media: "text/event-stream",
    say: (text: string) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`,
    end: `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`,
    error: `data: ${JSON.stringify({ error: { message: "overloaded", type: "server_error" } })}\n\n`,
  },
  ollama: {
    media: "application/x-ndjson",
    say: (text: string) =>
      `${JSON.stringify({ model: "scripted", message: { role: "assistant", content: text }, done: false })}\n`,
    end: `${JSON.stringify({ model: "scripted", message: { role: "assistant", content: "" }, done: true, done_reason: "stop" })}\n`,
    error: `${JSON.stringify({ error: "overloaded" })}\n`,
  },
};

/** One request for an answer. */
export class Chat {
  readonly kind: Kind;
  readonly authorization: string;
  readonly model: string;
  readonly messages: { role: string; content: string }[];
  /** The server has hung up, or the answer was ended. */
  readonly closed: Promise<unknown>;
  readonly #response: ServerResponse;
  #written: Promise<void> = Promise.resolve();

  constructor(kind: Kind, request: IncomingMessage, body: string, response: ServerResponse) {
    const asked = JSON.parse(body) as {
      model: string;
      messages: { role: string; content: string }[];
    };
    this.kind = kind;
    this.authorization = request.headers.authorization ?? "";
    this.model = asked.model;
    this.messages = asked.messages;
    this.#response = response;
    this.closed = once(response, "close");
  }

  /** Goes on and on: nothing but the other side's hanging up ends it. */
  async talkUntilClosed(): Promise<void> {
    while (!this.isClosed) {
      this.say("more ");
      await Promise.race([this.#written, this.closed]);
    }
  }

  get isClosed(): boolean {
    return this.#response.closed;
  }

  say(...pieces: string[]): void {
    this.bytes(pieces.map(wire[this.kind].say).join(""));
  }

  /** Ends the answer as it should be. */
  end(): void {
    this.bytes(wire[this.kind].end);
    this.#response.end();
  }

  /** An error in the middle of the stream. */
  complain(): void {
    this.bytes(wire[this.kind].error);
    this.#response.end();
  }

  /** Any bytes, in a reply that began well. */
  bytes(data: string | Uint8Array): void {
    this.begin();
    this.#written = new Promise((resolve) => this.#response.write(data, () => resolve()));
  }

  begin(): void {
    if (!this.#response.headersSent)
      this.#response.writeHead(200, { "content-type": wire[this.kind].media });
  }

  /** A well-formed end of the HTTP reply, whatever was said. */
  finishReply(): void {
    this.#response.end();
  }

  /** Another status than 200. */
  refuse(
    status: number,
    body = '{"error":{"message":"no"}}',
    headers: Record<string, string> = {},
  ): void {
    this.#response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  }

  /** Hangs up in the middle, when what was said before is on its way. */
  hangUp(): void {
    void this.#written.then(() => this.#response.socket!.destroy());
  }
}

export class Upstream {
  readonly #server: Server;
  readonly #chats: Chat[] = [];
  readonly #waiting: ((chat: Chat) => void)[] = [];
  /** What it offers to those who speak OpenAI's way. */
  models = ["scripted"];
  /** One that it may listen on again. */
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<Upstream> {
    const upstream = new Upstream(await freePort());
    await upstream.listen();
    return upstream;
  }

  get openaiUrl(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  get ollamaUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Hangs up on everybody, and refuses connections until `listen`. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** The next request for an answer; those that a test before left behind do not count. */
  nextChat(): Promise<Chat> {
    let chat = this.#chats.shift();
    while (chat?.isClosed) chat = this.#chats.shift();
    return chat === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(chat);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    // A request on a connection that was used before would be sent again when that breaks.
    response.shouldKeepAlive = false;
    for await (const part of request) parts.push(part as Buffer);
    const json = (value: unknown): void =>
      void response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    switch (`${request.method} ${request.url}`) {
      case "GET /v1/models":
        return json({
          object: "list",
          data: this.models.map((id) => ({ id, object: "model", owned_by: "tests" })),
        });
      case "GET /api/version":
        return json({ version: "0.5.0" });
      case "GET /api/tags":
        return json({
          models: [
            {
              name: "scripted:latest",
              model: "scripted:latest",
              size: 1,
              details: { family: "llama" },
            },
          ],
        });
      case "GET /api/ps":
        return json({ models: [] });
      case "POST /api/show":
        return json({
          model_info: { "general.architecture": "llama", "llama.context_length": 4096 },
          capabilities: ["completion"],
        });
      case "POST /v1/chat/completions":
      case "POST /api/chat": {
        const kind = request.url === "/api/chat" ? "ollama" : "openai";
        const chat = new Chat(kind, request, Buffer.concat(parts).toString(), response);
        const resolve = this.#waiting.shift();
        if (resolve === undefined) this.#chats.push(chat);
        else resolve(chat);
        return;
      }
      default:
        response.writeHead(404).end();
    }
  }
}

export interface Fault {
  what: string;
  fault: (chat: Chat) => void;
  code: string;
  /** What of the answer is kept. */
  shown: string;
}

/** Half of "é", as the given wire would carry it. */
function halfCharacter(kind: Kind): Buffer {
  const whole = Buffer.from(wire[kind].say("é"));
  const at = whole.indexOf(0xc3);
  return Buffer.concat([whole.subarray(0, at + 1), whole.subarray(at + 2)]);
}

export function faults(kind: Kind): Fault[] {
  const refusals: [number, string][] = [
    [400, "upstream_error"],
    [401, "upstream_unauthorized"],
    [403, "upstream_unauthorized"],
    [404, "model_not_found"],
    [429, "upstream_rate_limited"],
    [500, "upstream_error"],
    [502, "upstream_error"],
    [503, "upstream_error"],
  ];
  const shown = "Shown";
  const after = (then: (chat: Chat) => void) => (chat: Chat) => {
    chat.say(shown);
    then(chat);
  };
  return [
    ...refusals.map(([status, code]) => ({
      what: `that answers ${status}`,
      fault: (chat: Chat) => chat.refuse(status),
      code,
      shown: "",
    })),
    {
      what: "that redirects",
      fault: (chat) => chat.refuse(302, "", { location: "http://127.0.0.1:1/" }),
      code: "upstream_error",
      shown: "",
    },
    { what: "that never answers", fault: () => {}, code: "upstream_timeout", shown: "" },
    {
      what: "that hangs up before it answers",
      fault: (chat) => chat.hangUp(),
      code: "upstream_truncated",
      shown: "",
    },
    { what: "that hangs in the middle", fault: after(() => {}), code: "upstream_stalled", shown },
    {
      what: "that hangs up in the middle",
      fault: after((chat) => chat.hangUp()),
      code: "upstream_truncated",
      shown,
    },
    {
      what: "that ends without saying so",
      fault: after((chat) => chat.finishReply()),
      code: "upstream_truncated",
      shown,
    },
    {
      what: "that says nothing at all",
      fault: (chat) => (chat.begin(), chat.finishReply()),
      code: "upstream_truncated",
      shown: "",
    },
    {
      what: "that complains in the middle",
      fault: after((chat) => chat.complain()),
      code: "upstream_error",
      shown,
    },
    {
      what: "that sends garbage",
      fault: after(
        (chat) => (
          chat.bytes(kind === "openai" ? 'data: {"choices":[{]}\n\n' : '{"message":}\n'),
          chat.finishReply()
        ),
      ),
      code: "upstream_malformed",
      shown,
    },
    {
      what: "that sends half a character",
      fault: after((chat) => (chat.bytes(halfCharacter(kind)), chat.end())),
      code: "upstream_malformed",
      shown,
    },
    {
      what: "that sends the wrong types",
      fault: after(
        (chat) => (
          chat.bytes(
            kind === "openai" ? 'data: {"choices":7}\n\n' : '{"message":7,"done":false}\n',
          ),
          chat.end()
        ),
      ),
      code: "upstream_malformed",
      shown,
    },
    {
      what: "that sends a page",
      fault: (chat) =>
        chat.refuse(200, "<!doctype html><p>Welcome to the captive portal", {
          "content-type": "text/html",
        }),
      code: "upstream_malformed",
      shown: "",
    },
    {
      what: "that sends a line without end",
      fault: after((chat) => {
        for (let i = 0; i < 40; i++)
          chat.bytes(`${i === 0 ? 'data: "' : ""}${"x".repeat(1 << 20)}`);
      }),
      code: "upstream_malformed",
      shown,
    },
  ];
}
