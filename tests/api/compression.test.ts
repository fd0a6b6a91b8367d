import assert from "node:assert/strict";
import http from "node:http";
import { describe } from "node:test";
import zlib from "node:zlib";

import type { Client } from "./lib/client.ts";
import { exchange } from "./lib/raw.ts";
import { Server } from "./lib/server.ts";
import { ada, contract, grace, nobody, passwords, server, upstream } from "./lib/world.ts";
import { model } from "./lib/upstream.ts";
import { test } from "./lib/test.ts";

interface Raw {
  status: number;
  headers: http.IncomingHttpHeaders;
  bytes: Buffer;
  /** Decoded. */
  text: string;
}

interface Ask {
  accept?: string;
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

const codings = {
  gzip: { whole: zlib.gunzipSync, pieces: zlib.createGunzip },
  br: { whole: zlib.brotliDecompressSync, pieces: zlib.createBrotliDecompress },
  zstd: { whole: zlib.zstdDecompressSync, pieces: zlib.createZstdDecompress },
};
type Coding = keyof typeof codings;
const names = Object.keys(codings) as Coding[];

function headersOf(client: Client, ask: Ask): Record<string, string> {
  return {
    ...(client.token !== "" && { authorization: `Bearer ${client.token}` }),
    ...(client.cookie !== "" && { cookie: client.cookie }),
    ...(ask.accept !== undefined && { "accept-encoding": ask.accept }),
    ...(ask.body !== undefined && { "content-type": "application/json" }),
    ...ask.headers,
  };
}

/** A request whose reply comes as it was sent: fetch would decode it. */
function open(client: Client, target: string, ask: Ask = {}): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.request(client.url + target, {
      method: ask.method ?? "GET",
      headers: headersOf(client, ask),
    });
    request.on("response", resolve);
    request.on("error", reject);
    request.end(ask.body === undefined ? undefined : JSON.stringify(ask.body));
  });
}

async function raw(client: Client, target: string, ask: Ask = {}): Promise<Raw> {
  const response = await open(client, target, ask);
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  const coding = response.headers["content-encoding"];
  const decode = coding === undefined || bytes.length === 0 ? undefined : codings[coding as Coding];
  const text = (decode?.whole(bytes) ?? bytes).toString();
  const { statusCode: status = 0, headers } = response;
  if (ask.method !== "HEAD")
    contract.check(ask.method ?? "GET", target, status, headers["content-type"] ?? "", text);
  return { status, headers, bytes, text };
}

/** A list of some KiB. */
async function fillList(): Promise<string> {
  for (let i = 0; i < 20; i++) await ada.conversation({ title: `Compressed conversation ${i}` });
  return "/api/v1/conversations?limit=20";
}

describe("compression", () => {
  test("brings the same reply in each coding, smaller", async () => {
    const list = await fillList();
    const targets = [list, "/api/v1/openapi.json", "/api/v1/help/user-guide", "/api/docs"];
    for (const target of targets) {
      const plain = await raw(ada, target);
      assert.equal(plain.headers["content-encoding"], undefined, target);
      assert.equal(plain.headers["vary"], "Accept-Encoding", target);
      for (const accept of names) {
        const packed = await raw(ada, target, { accept });
        assert.equal(packed.headers["content-encoding"], accept, target);
        assert.equal(packed.headers["vary"], "Accept-Encoding", target);
        assert.equal(Number(packed.headers["content-length"]), packed.bytes.length, target);
        assert.equal(packed.text, plain.text, target);
        assert.ok(packed.bytes.length < plain.bytes.length / 2, `${target} in ${accept}`);
      }
    }
  });

  test("follows the quality values", async () => {
    const target = "/api/v1/openapi.json";
    const chosen: Record<string, string | undefined> = {
      "gzip, deflate, br, zstd": "zstd",
      "gzip;q=1, br;q=0.9": "gzip",
      "zstd;q=0, *": "br",
      deflate: undefined,
      "identity, br;q=0.5": undefined,
      "gzip;q=0": undefined,
      "*;q=0": undefined,
    };
    for (const [accept, coding] of Object.entries(chosen))
      assert.equal(
        (await raw(ada, target, { accept })).headers["content-encoding"],
        coding,
        accept,
      );
  });

  test("is for HEAD as for GET", async () => {
    const target = "/api/v1/help/user-guide";
    const get = await raw(ada, target, { accept: "gzip" });
    const head = await raw(ada, target, { accept: "gzip", method: "HEAD" });
    assert.equal(head.bytes.length, 0);
    for (const name of ["content-encoding", "content-length", "vary", "content-type"])
      assert.equal(head.headers[name], get.headers[name], name);
  });

  test("leaves alone what is short, and what has no body", async () => {
    const short = await raw(ada, "/api/v1/health", { accept: "gzip" });
    assert.equal(short.headers["content-encoding"], undefined);
    assert.equal(short.headers["vary"], undefined);
    const { id } = await ada.conversation();
    const gone = await raw(ada, `/api/v1/conversations/${id}`, { accept: "br", method: "DELETE" });
    assert.equal(gone.status, 204);
    assert.equal(gone.headers["content-encoding"], undefined);
    const options = await open(ada, `/api/v1/conversations/${id}`, {
      accept: "br",
      method: "OPTIONS",
    });
    options.resume();
    assert.equal(options.statusCode, 204);
    assert.equal(options.headers["content-encoding"], undefined);
  });

  test("reaches a refusal too, and who may not read gets nothing else by it", async () => {
    const { id } = await ada.conversation({ title: "Secret" });
    const accept = "gzip, identity;q=0";
    const reply = await raw(grace, `/api/v1/conversations/${id}`, { accept });
    assert.equal(reply.status, 404);
    assert.equal(reply.headers["content-encoding"], "gzip");
    assert.equal(JSON.parse(reply.text).code, "not_found");
  });

  test("brings a body in pieces, each when it was made", async () => {
    const plain = await raw(ada, "/api/v1/auth/export");
    for (const accept of names) {
      const packed = await raw(ada, "/api/v1/auth/export", { accept });
      assert.equal(packed.headers["content-encoding"], accept);
      assert.equal(packed.headers["transfer-encoding"], "chunked");
      assert.deepEqual(
        Object.keys(JSON.parse(packed.text)),
        Object.keys(JSON.parse(plain.text)),
        accept,
      );
      assert.ok(packed.bytes.length < plain.bytes.length / 2, accept);
    }
  });

  test("brings each event of an answer before the next is said", async () => {
    for (const accept of names) {
      const conversation = await ada.conversation({ model_id: model });
      const { assistant_message } = await ada.send(conversation, "Say it piece by piece.");
      const chat = await upstream.nextChat();
      const response = await open(ada, `/api/v1/messages/${assistant_message.id}/events`, {
        accept,
      });
      assert.equal(response.headers["content-encoding"], accept);
      assert.equal(response.headers["vary"], "Accept-Encoding");
      const decoded = response.pipe(codings[accept].pieces());
      let seen = "";
      let arrived: (() => void) | undefined;
      decoded.on("data", (data: Buffer) => ((seen += data.toString()), arrived?.()));
      for (const word of ["first ", "second ", "third "]) {
        chat.say(word);
        // Nothing more is said before it has come: what were kept back would never come.
        while (!seen.includes(word)) await new Promise<void>((resolve) => (arrived = resolve));
      }
      chat.end();
      await new Promise((resolve) => decoded.once("end", resolve));
      assert.match(seen, /event: done\n/);
    }
  });

  test("goes round replies that hold a credential, whatever the client takes", async () => {
    const holding = Object.entries(contract.document.components!.schemas!)
      .filter(([, schema]) =>
        Object.keys((schema as { properties?: object }).properties ?? {}).some((name) =>
          /^(access_token|refresh_token|token|key|secret|password)$/.test(name),
        ),
      )
      .map(([name]) => `#/components/schemas/${name}`);
    const routes = contract.operations.filter((operation) =>
      Object.entries(operation.responses).some(
        ([status, response]) =>
          Number(status) < 300 &&
          holding.some((schema) => JSON.stringify(response).includes(`"${schema}"`)),
      ),
    );
    assert.deepEqual(routes.map(({ method, path }) => `${method} ${path}`).sort(), [
      "POST /api/v1/api-keys",
      "POST /api/v1/auth/login",
      "POST /api/v1/auth/refresh",
      "POST /api/v1/auth/register",
      "POST /api/v1/invitations",
      "POST /api/v1/setup",
    ]);
    const bodies: Record<string, unknown> = {
      "/api/v1/api-keys": { name: "uncompressed", permissions: ["chat:read"] },
      "/api/v1/auth/login": { username: "grace", password: passwords.grace },
      "/api/v1/invitations": { email: "invited@example.org", role: "user" },
    };
    const visitor = nobody();
    await visitor.signIn("grace", passwords.grace);
    for (const { method, path } of routes) {
      const client = path.endsWith("/refresh") ? visitor : ada;
      const body = bodies[path];
      const reply = await raw(client, path, {
        method,
        accept: "br, identity;q=0",
        ...(body !== undefined && { body }),
      });
      assert.equal(reply.headers["content-encoding"], undefined, path);
    }
  });

  test("is counted, by coding", async () => {
    const figure = async (name: string): Promise<number> => {
      const { text } = await raw(nobody(), "/metrics");
      return Number(new RegExp(`^${name}{coding="zstd"} (\\S+)$`, "m").exec(text)![1]);
    };
    const before = await figure("webplus_compression_output_bytes_total");
    const replies = await figure("webplus_compression_replies_total");
    const { bytes } = await raw(ada, "/api/v1/openapi.json", { accept: "zstd" });
    assert.equal(await figure("webplus_compression_replies_total"), replies + 1);
    assert.equal(await figure("webplus_compression_output_bytes_total"), before + bytes.length);
  });

  test("can be switched off", async () => {
    const off = await Server.start({ env: { WEBPLUS_COMPRESSION: "false" } });
    try {
      const client = nobody();
      const reply = await raw(Object.assign(client, { url: off.url }), "/api/v1/openapi.json", {
        accept: "br, gzip, zstd",
      });
      assert.equal(reply.headers["content-encoding"], undefined);
      assert.equal(reply.headers["vary"], undefined);
      const page = await raw(client, "/", { accept: "br" });
      assert.equal(page.headers["content-encoding"], "br", "files come as they were built");
    } finally {
      await off.remove();
    }
  });

  test("leaves the front end's files as they were built, to be kept for ever", async () => {
    const { text } = await raw(nobody(), "/");
    const path = /src="(\/assets\/[^"]+\.js)"/.exec(text)![1]!;
    const plain = await raw(nobody(), path);
    for (const accept of names) {
      const packed = await raw(nobody(), path, { accept });
      assert.equal(packed.headers["content-encoding"], accept);
      assert.equal(packed.headers["cache-control"], "public, max-age=31536000, immutable");
      assert.equal(packed.text, plain.text);
      const head = await raw(nobody(), path, { accept, method: "HEAD" });
      assert.equal(head.headers["content-length"], String(packed.bytes.length));
      const known = { "if-none-match": packed.headers["etag"]! };
      const again = await raw(nobody(), path, { accept, headers: known });
      assert.equal(again.status, 304);
      assert.equal(again.headers["vary"], "Accept-Encoding");
      assert.equal(again.headers["content-encoding"], undefined);
    }
  });

  test("takes what stands on several lines as one list", async () => {
    const ask = (path: string, ...lines: string[]) =>
      exchange(
        server.port,
        [`GET ${path} HTTP/1.1`, "Host: x", "Connection: close", ...lines, "", ""].join("\r\n"),
      );
    for (const path of ["/", "/api/v1/openapi.json"]) {
      const packed = await ask(path, "Accept-Encoding: identity;q=0.5", "Accept-Encoding: gzip");
      assert.match(packed.head, /\r\ncontent-encoding: gzip/i, path);
      const etag = /\r\netag: (\S+)/i.exec(packed.head)?.[1];
      if (etag === undefined) continue;
      const known = await ask(path, 'If-None-Match: "another"', `If-None-Match: ${etag}`);
      assert.equal(known.status, 304, path);
    }
  });
});
