/*
 * Requests to model servers: connections that are used again, no more than so many at once, and one id from the page's
 * request through to the upstream's and the log.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";

import { Client } from "./lib/client.ts";
import { Contract } from "./lib/contract.ts";
import { Server } from "./lib/server.ts";
import { test } from "./lib/test.ts";

const perHost = 2;

/** A model server that keeps its connections, and answers when it is told to. */
class KeepingUpstream {
  connections = 0;
  underWay = 0;
  most = 0;
  requestIds: string[] = [];
  #waiting: (() => void)[] = [];
  #arrived: (() => void) | undefined;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<string> {
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on("connection", () => this.connections++);
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Until so many requests wait for their answer. */
  async reached(count: number): Promise<void> {
    while (this.#waiting.length < count)
      await new Promise<void>((resolve) => (this.#arrived = resolve));
  }

  /** As model servers do after some seconds without a request. */
  async closeIdle(): Promise<void> {
    this.#server.closeIdleConnections();
    while ((await promisify(this.#server.getConnections).call(this.#server)) > 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** The next request for an answer gets one. */
  async answerNext(): Promise<void> {
    await this.reached(1);
    this.#waiting.shift()!();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    await once(request, "end");
    if (request.url === "/v1/models") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ object: "list", data: [{ id: "kept", object: "model" }] }));
      return;
    }
    this.underWay++;
    this.most = Math.max(this.most, this.underWay);
    this.requestIds.push(String(request.headers["x-request-id"]));
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#arrived?.();
    });
    this.underWay--;
    response.setHeader("content-type", "text/event-stream");
    const say = (delta: object, finish_reason: string | null): string =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    response.end(`${say({ content: "Kept." }, null)}${say({}, "stop")}data: [DONE]\n\n`);
  }
}

describe("requests to a model server", () => {
  const upstream = new KeepingUpstream();
  let server: Server;
  let ada: Client;

  before(async () => {
    const url = await upstream.start();
    server = await Server.start({
      env: {
        WEBPLUS_OPENAI_URL: url,
        WEBPLUS_UPSTREAM_PER_HOST: String(perHost),
        WEBPLUS_ACCESS_LOG: "true",
      },
    });
    const document = await (await fetch(`${server.url}/api/v1/openapi.json`)).json();
    ada = new Client(server.url, new Contract(document));
    const body = {
      token: server.setupToken,
      username: "ada",
      email: "ada@example.org",
      password: "correct horse battery",
    };
    ada.takeSession(await ada.call("POST", "/api/v1/setup", { body }));
  });
  after(async () => {
    await server.remove();
    await upstream.close();
  });

  async function figure(name: string): Promise<number> {
    const text = (await ada.call("GET", "/metrics")).text;
    const line = text.split("\n").find((sample) => sample.startsWith(`${name} `));
    assert.ok(line, `${name} is measured`);
    return Number(line.slice(name.length + 1));
  }

  async function ask(): Promise<{ id: string; requestId: string }> {
    const conversation = await ada.conversation({ model_id: "openai/kept" });
    const reply = await ada.call("POST", `/api/v1/conversations/${conversation.id}/messages`, {
      body: { content: "Say it." },
    });
    assert.equal(reply.status, 202, reply.text);
    return {
      id: reply.json.assistant_message.id,
      requestId: reply.headers.get("x-request-id")!,
    };
  }

  test(`wait for their turn: ${perHost} at once, over connections that are kept`, async () => {
    const count = 8;
    const asked = await Promise.all(Array.from({ length: count }, ask));
    await upstream.reached(perHost);
    for (let i = 0; i < count; i++) await upstream.answerNext();
    for (const { id } of asked) assert.equal((await ada.finished(id)).content, "Kept.");
    assert.equal(upstream.most, perHost);
    assert.ok(upstream.connections <= perHost, `${upstream.connections} connections`);
    assert.ok((await figure("webplus_upstream_reused_total")) >= count - perHost);
    assert.ok((await figure("webplus_upstream_opened_total")) <= perHost);
    assert.equal(await figure("webplus_upstream_connections"), upstream.connections);
    assert.equal(await figure("webplus_upstream_requests"), 0);
    assert.equal(await figure("webplus_upstream_requests_waiting"), 0);
    assert.ok((await figure("webplus_upstream_wait_seconds_count")) >= count - perHost);
    assert.ok((await figure('webplus_upstream_ends_total{end="ok"}')) >= count);
  });

  test("do not wait for another one's answer where there is no connection yet", async () => {
    await upstream.closeIdle();
    const slow = await ask();
    await upstream.reached(1);
    const next = await ask();
    await upstream.reached(2);
    for (let i = 0; i < 2; i++) await upstream.answerNext();
    for (const { id } of [slow, next]) assert.equal((await ada.finished(id)).content, "Kept.");
  });

  test("are measured with everything else, units in the names", async () => {
    const text = (await ada.call("GET", "/metrics")).text;
    const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    for (const [, name, type] of families) {
      if (type === "counter") assert.match(name!, /_total$/, `${name} is a counter`);
      if (type === "histogram") assert.match(name!, /_seconds$/, `${name} is a histogram`);
    }
    for (const name of [
      "webplus_http_request_duration_seconds_count",
      "webplus_loop_delay_seconds_count",
      "webplus_worker_threads",
      "webplus_worker_tasks_waiting",
      "process_resident_memory_bytes",
      "process_open_fds",
      "process_cpu_seconds_total",
    ])
      await figure(name);
    assert.ok((await figure("process_open_fds")) > 5);
    assert.ok((await figure("process_resident_memory_bytes")) > 1e6);
  });

  test("carry the id of the request that they are made for, which the log tells too", async () => {
    const { id, requestId } = await ask();
    await upstream.answerNext();
    await ada.finished(id);
    assert.equal(upstream.requestIds.at(-1), requestId);
    const { code } = await server.end(); // all that was logged has come
    assert.equal(code, 0);
    const lines = server.output
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, string>);
    for (const line of lines)
      for (const name of ["time", "level", "event"]) assert.ok(line[name], `${name} is said`);
    const told = lines.filter((line) => line["request_id"] === requestId);
    assert.deepEqual(told.map((line) => line["event"]).sort(), ["answer", "request"]);
    const answer = told.find((line) => line["event"] === "answer")!;
    assert.equal(answer["message"], id);
    assert.equal(answer["status"], "complete");
    assert.equal(answer["model"], "openai/kept");
    assert.ok(Number(answer["duration_us"]) > 0);
    assert.ok(!JSON.stringify(lines).includes("Kept."), "what was written is not logged");
  });
});
