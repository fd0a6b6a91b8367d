/*
 * Requests to model servers over TLS: many answers over one connection of HTTP/2, and what becomes of them when one, or all,
 * of them break off; which certificates are trusted.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import {
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  constants,
  createSecureServer,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";

import { Client } from "./lib/client.ts";
import { Contract } from "./lib/contract.ts";
import { Server } from "./lib/server.ts";
import { test } from "./lib/test.ts";

const answers = 6;

async function makeCertificate(folder: string): Promise<string> {
  const file = path.join(folder, "certificate.pem");
  await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "2", "-keyout", path.join(folder, "key.pem"), "-out", file],
    ...["-subj", "/CN=model server", "-addext", "subjectAltName=IP:127.0.0.1"],
  ]);
  return file;
}

/** A model server that speaks HTTP/2 alone, says the first word of an answer, and holds the rest back. */
class Http2Upstream {
  readonly sessions: ServerHttp2Session[] = [];
  readonly speaking: ServerHttp2Stream[] = [];
  #changed: (() => void) | undefined;
  readonly #server: Http2SecureServer;

  constructor(key: Buffer, cert: Buffer) {
    this.#server = createSecureServer({ key, cert });
    this.#server.on("session", (session) => this.sessions.push(session));
    this.#server.on("stream", (stream, headers) => void this.#answer(stream, headers[":path"]!));
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  /** Ends an answer as it should end. */
  finish(stream: ServerHttp2Stream): void {
    stream.end(`${say({ content: " second" }, null)}${say({}, "stop")}data: [DONE]\n\n`);
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(stream: ServerHttp2Stream, asked: string): Promise<void> {
    stream.on("error", () => undefined); // what is broken off here is broken off on purpose
    if (asked === "/v1/models") {
      stream.respond({ ":status": 200, "content-type": "application/json" });
      stream.end(JSON.stringify({ object: "list", data: [{ id: "two", object: "model" }] }));
      return;
    }
    for await (const piece of stream) void piece;
    stream.respond({ ":status": 200, "content-type": "text/event-stream" });
    stream.write(say({ content: "first" }, null));
    this.speaking.push(stream);
    stream.on("close", () => this.#changed?.());
    this.#changed?.();
  }
}

function say(delta: object, finish_reason: string | null): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
}

describe("a model server over TLS", () => {
  let folder: string;
  let upstream: Http2Upstream;
  let url: string;
  let server: Server;
  let ada: Client;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "webplus-tls-"));
    const certificate = await makeCertificate(folder);
    upstream = new Http2Upstream(
      await readFile(path.join(folder, "key.pem")),
      await readFile(certificate),
    );
    url = await upstream.start();
    server = await Server.start({
      env: { WEBPLUS_OPENAI_URL: url, WEBPLUS_UPSTREAM_CA_FILE: certificate },
    });
    ada = await setUp(server);
  });
  after(async () => {
    await server.remove();
    await upstream.close();
    await rm(folder, { recursive: true });
  });

  async function setUp(of: Server): Promise<Client> {
    const document = await (await fetch(`${of.url}/api/v1/openapi.json`)).json();
    const client = new Client(of.url, new Contract(document));
    const body = {
      token: of.setupToken,
      username: "ada",
      email: "ada@example.org",
      password: "correct horse battery",
    };
    client.takeSession(await client.call("POST", "/api/v1/setup", { body }));
    return client;
  }

  /** Asks, and waits until the first word was said. */
  async function ask(): Promise<{ id: string; stream: ServerHttp2Stream }> {
    const said = upstream.speaking.length;
    const { id: conversation } = await ada.conversation({ model_id: "openai/two" });
    const reply = await ada.call("POST", `/api/v1/conversations/${conversation}/messages`, {
      body: { content: "Say two words." },
    });
    assert.equal(reply.status, 202, reply.text);
    await upstream.until(() => upstream.speaking.length > said);
    return { id: reply.json.assistant_message.id, stream: upstream.speaking.at(-1)! };
  }

  test("gives many answers at once over one connection of HTTP/2", async () => {
    const asked = [];
    for (let i = 0; i < answers; i++) asked.push(await ask());
    assert.equal(upstream.sessions.length, 1);
    for (const { stream } of asked) upstream.finish(stream);
    for (const { id } of asked) {
      const message = await ada.finished(id);
      assert.equal(message.content, "first second");
      assert.equal(message.status, "complete");
    }
    assert.equal(upstream.sessions.length, 1);
  });

  test("that breaks off one answer leaves the others whole", async () => {
    const [broken, whole] = [await ask(), await ask()];
    broken.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    const message = await ada.finished(broken.id);
    assert.equal(message.status, "failed");
    assert.equal(message.error!.code, "upstream_truncated");
    assert.equal(message.content, "first");
    upstream.finish(whole.stream);
    assert.equal((await ada.finished(whole.id)).content, "first second");
    assert.equal(upstream.sessions.length, 1);
  });

  test("hears that an answer is stopped, on its stream alone", async () => {
    const [stopped, whole] = [await ask(), await ask()];
    await ada.call("POST", `/api/v1/messages/${stopped.id}/stop`);
    await upstream.until(() => stopped.stream.closed);
    assert.notEqual(stopped.stream.rstCode, constants.NGHTTP2_NO_ERROR);
    assert.equal((await ada.finished(stopped.id)).status, "stopped");
    upstream.finish(whole.stream);
    assert.equal((await ada.finished(whole.id)).status, "complete");
    assert.equal(upstream.sessions.length, 1);
  });

  test("whose connection breaks loses the answers on it, and is asked again over another", async () => {
    const asked = [await ask(), await ask()];
    upstream.sessions[0]!.destroy();
    for (const { id } of asked) {
      const message = await ada.finished(id);
      assert.equal(message.error!.code, "upstream_truncated");
      assert.equal(message.content, "first");
    }
    const next = await ask();
    upstream.finish(next.stream);
    assert.equal((await ada.finished(next.id)).content, "first second");
    assert.equal(upstream.sessions.length, 2);
  });

  test("is not believed without a certificate that is trusted", async () => {
    const distrusting = await Server.start({ env: { WEBPLUS_OPENAI_URL: url } });
    try {
      const client = await setUp(distrusting);
      const body = { model_id: "openai/two" };
      const reply = await client.call("POST", "/api/v1/conversations", { body });
      assert.equal(reply.status, 422, reply.text);
      assert.match(reply.text, /model_id/);
    } finally {
      await distrusting.remove();
    }
  });

  test("needs a file of certificates that is one", async () => {
    const empty = path.join(folder, "empty.pem");
    await writeFile(empty, "no certificate\n");
    for (const [file, reason] of [
      [
        path.join(folder, "nowhere.pem"),
        /WEBPLUS_UPSTREAM_CA_FILE names a file that cannot be read/,
      ],
      [empty, /WEBPLUS_UPSTREAM_CA_FILE names a file without a certificate/],
    ] as const) {
      const data = path.join(folder, "data");
      const refused = await server.command(["--data", data, "--upstream-ca-file", file]);
      assert.notEqual(refused.code, 0);
      assert.match(refused.output, reason);
    }
  });
});
