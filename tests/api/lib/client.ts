/*
 * One caller of the API: nobody, or somebody who is signed in. Every reply is held against the contract and must carry
 * the security headers.
 */
import assert from "node:assert/strict";

import type { Contract } from "./contract.ts";
import { type ServerEvent, readEvents } from "./events.ts";
import { type Handshake, WebSocketClient } from "./websocket.ts";
import type { Conversation, Message, Page, Problem, Session, Turn } from "./types.ts";

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- checked against the schema at run time
  json: any;
}

export interface CallOptions {
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  raw?: string | Uint8Array;
  signal?: AbortSignal;
}

const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "x-xss-protection": "0",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy":
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()",
};

export function assertSecurityHeaders(headers: Headers, where: string): void {
  for (const [name, value] of Object.entries(securityHeaders))
    assert.equal(headers.get(name), value, `${where}: ${name}`);
  // What is kept by others is known by its ETag, and asked for again; nothing else is kept.
  const kept = headers.get("etag") !== null;
  assert.match(
    headers.get("cache-control") ?? "",
    kept ? /^(private, no-cache|public, no-cache|no-cache|public, max-age=.*)$/ : /^no-store$/,
    `${where}: Cache-Control`,
  );
}

export class Client {
  readonly url: string;
  readonly contract: Contract;
  token = "";
  /** The refresh cookie, "webplus_refresh=…". */
  cookie = "";
  /** The cookie by which the device is known, also when it is signed out. */
  device = "";
  session: Session | undefined;

  constructor(url: string, contract: Contract) {
    this.url = url;
    this.contract = contract;
  }

  async fetch(method: string, target: string, options: CallOptions = {}): Promise<Response> {
    const headers: Record<string, string> = { ...options.headers };
    if (this.token !== "" && headers["authorization"] === undefined)
      headers["authorization"] = `Bearer ${this.token}`;
    if (options.body !== undefined) headers["content-type"] ??= "application/json";
    const body = options.body === undefined ? options.raw : JSON.stringify(options.body);
    const init: RequestInit = { method, headers, redirect: "manual" };
    if (body !== undefined) init.body = body as BodyInit;
    if (options.signal) init.signal = options.signal;
    const response = await fetch(this.url + target, init);
    assertSecurityHeaders(response.headers, `${method} ${target}`);
    assert.match(
      response.headers.get("x-request-id") ?? "",
      /^[0-9a-f-]{36}$/,
      `${method} ${target}: X-Request-Id`,
    );
    return response;
  }

  async call(method: string, target: string, options: CallOptions = {}): Promise<Reply> {
    const response = await this.fetch(method, target, options);
    const text = await response.text();
    const media = response.headers.get("content-type") ?? "";
    this.contract.check(method, target, response.status, media, text);
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: /json(;|$)/.test(media) && text !== "" ? JSON.parse(text) : undefined,
    };
  }

  /** The reply's JSON; any other status than the expected is a failure that shows the problem. */
  async expect(
    status: number,
    method: string,
    target: string,
    options: CallOptions = {},
  ): Promise<any> {
    const reply = await this.call(method, target, options);
    assert.equal(
      reply.status,
      status,
      `${method} ${target} answered ${reply.status}: ${reply.text.slice(0, 1000)}`,
    );
    return reply.json;
  }

  get(target: string, status = 200): Promise<any> {
    return this.expect(status, "GET", target);
  }

  post(target: string, body?: unknown, status = 200): Promise<any> {
    return this.expect(status, "POST", target, body === undefined ? {} : { body });
  }

  /** A refusal, and which fields it names. */
  async refused(
    status: number,
    method: string,
    target: string,
    options: CallOptions = {},
  ): Promise<Problem> {
    return (await this.expect(status, method, target, options)) as Problem;
  }

  // Signing in

  takeSession(reply: Reply): Session {
    this.session = reply.json as Session;
    this.token = this.session.access_token;
    this.cookie = refreshCookie(reply);
    this.device = deviceCookie(reply) ?? this.device;
    return this.session;
  }

  async signIn(username: string, password: string): Promise<Session> {
    const reply = await this.call("POST", "/api/v1/auth/login", { body: { username, password } });
    assert.equal(reply.status, 200, reply.text);
    return this.takeSession(reply);
  }

  // Chat

  conversation(fields: { title?: string; model_id?: string } = {}): Promise<Conversation> {
    return this.post("/api/v1/conversations", fields, 201) as Promise<Conversation>;
  }

  send(
    conversation: { id: string },
    content: string,
    fields: Record<string, unknown> = {},
  ): Promise<Turn> {
    return this.post(
      `/api/v1/conversations/${conversation.id}/messages`,
      { content, ...fields },
      202,
    ) as Promise<Turn>;
  }

  message(id: string): Promise<Message> {
    return this.get(`/api/v1/messages/${id}`) as Promise<Message>;
  }

  messages(conversation: { id: string }, query = ""): Promise<Page<Message>> {
    return this.get(`/api/v1/conversations/${conversation.id}/messages${query}`) as Promise<
      Page<Message>
    >;
  }

  // Streams

  /** The events of a message as they come, until the server ends them. */
  async *events(id: string, after?: number, signal?: AbortSignal): AsyncGenerator<ServerEvent> {
    const options: CallOptions =
      after === undefined ? {} : { headers: { "last-event-id": String(after) } };
    if (signal) options.signal = signal;
    const response = await this.fetch("GET", `/api/v1/messages/${id}/events`, options);
    assert.equal(response.status, 200, `events of ${id}`);
    this.contract.check(
      "GET",
      `/api/v1/messages/${id}/events`,
      200,
      response.headers.get("content-type") ?? "",
      "",
    );
    yield* readEvents(response.body!);
  }

  /** The message in its final state, after all its events. */
  async finished(id: string): Promise<Message> {
    for await (const event of this.events(id))
      if (event.event === "done") return JSON.parse(event.data) as Message;
    assert.fail(`the events of ${id} ended without "done"`);
  }

  openWebSocket(options: Parameters<typeof WebSocketClient.open>[1] = {}): Promise<Handshake> {
    return WebSocketClient.open(this.url, options);
  }

  /** A WebSocket that is signed in. */
  async webSocket(): Promise<WebSocketClient> {
    const { socket, status } = await this.openWebSocket({
      headers: { authorization: `Bearer ${this.token}` },
    });
    assert.equal(status, 101);
    const hello = await socket.next();
    assert.deepEqual(hello, { type: "authenticated", user_id: this.session!.user.id });
    return socket;
  }
}

/** The cookie of this name that a reply sets, if it does, with its rules checked. */
function setCookie(reply: Reply, name: string, path = "/api/v1/auth"): string | undefined {
  const cookies = reply.headers.getSetCookie().filter((cookie) => cookie.startsWith(`${name}=`));
  assert.ok(cookies.length <= 1, `one ${name}: ${cookies}`);
  if (cookies.length === 0) return undefined;
  const [pair, ...attributes] = cookies[0]!.split(/;\s*/);
  const given = attributes.map((attribute) => attribute.toLowerCase());
  for (const attribute of ["httponly", "samesite=strict", `path=${path}`])
    assert.ok(given.includes(attribute), `the cookie is ${attribute}: ${cookies[0]}`);
  return pair!;
}

/** The refresh cookie that a reply sets, by https or not. */
export function refreshCookie(reply: Reply): string {
  const cookie =
    setCookie(reply, "__Host-webplus_refresh", "/") ?? setCookie(reply, "webplus_refresh");
  assert.ok(cookie, "there is one");
  return cookie;
}

/** The cookie of a known device that a reply sets. */
export function deviceCookie(reply: Reply): string | undefined {
  return setCookie(reply, "webplus_device");
}
