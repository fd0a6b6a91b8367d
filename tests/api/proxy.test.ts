/*
 * Behind a proxy: the real nginx with the configuration of deploy/nginx, and proxies that the test plays itself. What
 * counts is who asked, whether that was by TLS, and that nobody can claim either.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { Readable } from "node:stream";
import { after, before, describe } from "node:test";
import tls from "node:tls";

import { Client } from "./lib/client.ts";
import { type ServerEvent, readEvents } from "./lib/events.ts";
import { Nginx, hostName } from "./lib/nginx.ts";
import { Server } from "./lib/server.ts";
import type { Page, Session } from "./lib/types.ts";
import { Upstream, model } from "./lib/upstream.ts";
import { WebSocketClient } from "./lib/websocket.ts";
import { contract, passwords } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const hsts = "max-age=31536000";

interface Device {
  address: string;
  current: boolean;
}

/** A server with an account, ada's. */
async function serverWithAda(env: Record<string, string>): Promise<[Server, Client]> {
  const server = await Server.start({ env });
  const ada = new Client(server.url, contract);
  const body = { token: server.setupToken, username: "ada", email: "ada@example.org" };
  ada.takeSession(
    await ada.call("POST", "/api/v1/setup", { body: { ...body, password: passwords.ada } }),
  );
  return [server, ada];
}

describe("behind nginx", () => {
  let upstream: Upstream;
  let server: Server;
  let ada: Client;
  let nginx: Nginx;

  before(async () => {
    upstream = await Upstream.start();
    [server, ada] = await serverWithAda({
      WEBPLUS_TRUSTED_PROXIES: "127.0.0.1",
      WEBPLUS_OPENAI_URL: upstream.openaiUrl,
    });
    nginx = await Nginx.start(server);
  });
  after(async () => {
    await nginx.stop();
    await server.remove();
    await upstream.close();
  });

  const trust = () => ({ ca: nginx.certificate, servername: hostName });

  /** By HTTP/1.1 over TLS, from an address of this machine. */
  async function ask(
    method: string,
    target: string,
    headers: Record<string, string> = {},
    body = "",
    localAddress = "127.0.0.1",
  ) {
    const request = https.request({
      ...trust(),
      ...{ host: "127.0.0.1", port: nginx.port, path: target, method, localAddress },
      headers: { host: hostName, ...(body && { "content-type": "application/json" }), ...headers },
      agent: false,
    });
    request.end(body);
    const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
    return response;
  }

  async function text(stream: Readable): Promise<string> {
    let all = "";
    for await (const piece of stream) all += String(piece);
    return all;
  }

  const login = JSON.stringify({ username: "ada", password: passwords.ada });

  test("HTTP/2 works, and the browser is told to come back by https", async () => {
    const session = http2.connect(`https://${hostName}:${nginx.port}`, {
      createConnection: () =>
        tls.connect({ ...trust(), host: "127.0.0.1", port: nginx.port, ALPNProtocols: ["h2"] }),
    });
    const stream = session.request({ ":path": "/api/v1/health" });
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    assert.equal(headers[":status"], 200);
    assert.equal(headers["strict-transport-security"], hsts);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(JSON.parse(await text(stream)).status, "ok");
    session.close();
  });

  test("its logs tell the path, and not what was searched for or where one came from", async () => {
    const without = await Nginx.start({ port: 1 }); // nothing answers there
    const headers = { referer: `https://${hostName}/planted-referer` };
    const target = "/api/v1/search?q=planted-query";
    for (const proxy of [nginx, without]) {
      const request = https.request({
        ...{ ca: proxy.certificate, servername: hostName },
        ...{ host: "127.0.0.1", port: proxy.port, path: target, agent: false },
        headers: { host: hostName, ...headers },
      });
      request.end();
      const [response] = (await once(request, "response")) as [import("node:http").IncomingMessage];
      assert.equal(response.statusCode, proxy === nginx ? 401 : 503);
      await text(response);
      const plain = `http://127.0.0.1:${proxy.plainPort}${target}`;
      await fetch(plain, { redirect: "manual", headers });
      while ((await proxy.logs()).split("GET /api/v1/search ").length < 3);
      assert.ok(!(await proxy.logs()).includes("planted"));
    }
    await without.stop();
  });

  test("what nginx answers itself is as guarded, and says when to come back", async () => {
    const without = await Nginx.start({ port: 1 }); // nothing answers there
    const request = https.request({
      ...{ ca: without.certificate, servername: hostName, headers: { host: hostName } },
      ...{ host: "127.0.0.1", port: without.port, path: "/", agent: false },
    });
    request.end();
    const [away] = (await once(request, "response")) as [import("node:http").IncomingMessage];
    assert.equal(away.statusCode, 503);
    assert.equal(away.headers["retry-after"], "5");
    assert.match(await text(away), /This page tries again by itself/);
    await without.stop();
    const refused = await ask("GET", "/metrics");
    assert.equal(refused.statusCode, 404);
    for (const { headers } of [away, refused]) {
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(
        headers["content-security-policy"],
        "default-src 'none'; frame-ancestors 'none'",
      );
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["cross-origin-opener-policy"], "same-origin");
      assert.equal(headers["cross-origin-resource-policy"], "same-origin");
      assert.equal(headers["strict-transport-security"], undefined, "which is for Web+ to say");
    }
    const ours = await ask("GET", "/");
    for (const name of [
      "x-content-type-options",
      "content-security-policy",
      "referrer-policy",
      "cross-origin-opener-policy",
      "cross-origin-resource-policy",
      "strict-transport-security",
    ])
      assert.equal(ours.headersDistinct[name]?.length, 1, name);
  });

  test("plain http leads to https, and who comes past nginx is told nothing", async () => {
    const reply = await fetch(`http://127.0.0.1:${nginx.plainPort}/chat?x=1`, {
      redirect: "manual",
    });
    assert.equal(reply.status, 301);
    assert.equal(reply.headers.get("location"), `https://${hostName}/chat?x=1`);
    assert.equal(reply.headers.get("server"), "nginx", "and not which version");
    const direct = await ada.call("GET", "/api/v1/health");
    assert.equal(direct.headers.get("strict-transport-security"), null);
  });

  test("plain http leads to no other host, whichever is asked for", async () => {
    const asked = { host: "127.0.0.1", port: nginx.plainPort, path: "/chat", agent: false };
    const request = http.request({ ...asked, headers: { host: "evil.example" } }).end();
    const [reply] = (await once(request, "response")) as [http.IncomingMessage];
    reply.resume();
    assert.equal(reply.statusCode, 301);
    assert.equal(reply.headers.location, `https://${hostName}/chat`);
  });

  test("the client's address is seen, whatever it says of itself", async () => {
    const spoofed = {
      "x-forwarded-for": "198.51.100.1",
      forwarded: "for=198.51.100.2;proto=http",
      "x-forwarded-proto": "http",
      "x-real-ip": "198.51.100.3",
    };
    const reply = await ask("POST", "/api/v1/auth/login", spoofed, login, "127.0.0.2");
    const session = JSON.parse(await text(reply)) as Session;
    assert.equal(reply.statusCode, 200);
    assert.match(
      reply.headers["set-cookie"]![0]!,
      /^__Host-webplus_refresh=[^;]+; Path=\/; .*; Secure$/,
      "it came by https",
    );
    const bearer = { authorization: `Bearer ${session.access_token}` };
    const page = JSON.parse(
      await text(await ask("GET", "/api/v1/sessions", bearer)),
    ) as Page<Device>;
    assert.equal(page.items.find((device) => device.current)?.address, "127.0.0.2");
    const audit = (await ada.get("/api/v1/audit?action=session.open")) as Page<{ details: string }>;
    assert.match(audit.items[0]!.details, /127\.0\.0\.2/);
  });

  test("a WebSocket goes through", async () => {
    const connection = tls.connect({ ...trust(), host: "127.0.0.1", port: nginx.port });
    await once(connection, "secureConnect");
    const { status, socket } = await WebSocketClient.open(`https://${hostName}`, {
      connection,
      headers: {
        host: hostName,
        origin: `https://${hostName}`,
        authorization: `Bearer ${ada.token}`,
      },
    });
    assert.equal(status, 101);
    assert.equal((await socket.next())["type"], "authenticated");
    socket.drop();
  });

  test("a HEAD opens no tunnel past nginx", async () => {
    const connection = tls.connect({ ...trust(), host: "127.0.0.1", port: nginx.port });
    await once(connection, "secureConnect");
    let said = "";
    connection.on("data", (data: Buffer) => (said += data.toString("latin1")));
    connection.write(
      `HEAD /api/v1/ws HTTP/1.1\r\nHost: ${hostName}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
        `GET /metrics HTTP/1.1\r\nHost: ${hostName}\r\nConnection: close\r\n\r\n`,
    );
    await once(connection, "close");
    const statuses = [...said.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status);
    assert.deepEqual(statuses, ["405", "404"], said);
  });

  test("an answer streams: a piece arrives while the model has not said the next", async () => {
    const arrives = upstream.nextChat();
    const turn = await ada.send(await ada.conversation({ model_id: model }), "Hello");
    const chat = await arrives;
    const events = await ask("GET", `/api/v1/messages/${turn.assistant_message.id}/events`, {
      authorization: `Bearer ${ada.token}`,
    });
    const stream = readEvents(Readable.toWeb(events) as ReadableStream<Uint8Array>);
    chat.say("first");
    let event: ServerEvent;
    do event = (await stream.next()).value as ServerEvent;
    while (!event.data.includes("first"));
    chat.say(" second");
    do event = (await stream.next()).value as ServerEvent;
    while (!event.data.includes("second"));
    chat.end();
    do event = (await stream.next()).value as ServerEvent;
    while (event.event !== "done");
  });

  test("one address has a bound of connections, and another one its own", async () => {
    const bounded = await Nginx.start(server, 2);
    const open = async (localAddress: string) => {
      const ends = { host: "127.0.0.1", port: bounded.port, localAddress };
      const connection = tls.connect({ ca: bounded.certificate, servername: hostName, ...ends });
      await once(connection, "secureConnect");
      const headers = { host: hostName, origin: `https://${hostName}` };
      return WebSocketClient.open(`https://${hostName}`, { connection, headers });
    };
    const opened = [await open("127.0.0.2"), await open("127.0.0.2")];
    assert.equal((await open("127.0.0.2")).status, 429);
    opened.push(await open("127.0.0.3"));
    for (const { status, socket } of opened) {
      assert.equal(status, 101);
      socket.drop();
    }
    await bounded.stop();
  });

  test("the metrics stay inside", async () => {
    assert.equal((await ask("GET", "/metrics")).statusCode, 404);
  });
});

/** Where a sign-in with these headers seems to come from, as its session says, and whether its cookie is Secure. */
async function signedInFrom(server: Server, headers: Record<string, string>) {
  const client = new Client(server.url, contract);
  const body = { username: "ada", password: passwords.ada };
  const reply = await client.call("POST", "/api/v1/auth/login", { body, headers });
  client.takeSession(reply);
  const page = (await client.get("/api/v1/sessions")) as Page<Device>;
  return {
    address: page.items.find((device) => device.current)!.address,
    secure: reply.headers.getSetCookie()[0]!.endsWith("; Secure"),
    hsts: reply.headers.get("strict-transport-security"),
  };
}

test("without a setting, nobody is believed", async () => {
  const [server] = await serverWithAda({});
  const seen = await signedInFrom(server, {
    "x-forwarded-for": "198.51.100.1",
    "x-forwarded-proto": "https",
    forwarded: "for=198.51.100.2;proto=https",
  });
  assert.deepEqual(seen, { address: "127.0.0.1", secure: false, hsts: null });
  await server.remove();
});

test("of a chain, the right-most address that is no proxy of ours counts", async () => {
  const [server] = await serverWithAda({ WEBPLUS_TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8" });
  const seen = await signedInFrom(server, {
    "x-forwarded-for": "198.51.100.1, 203.0.113.7, 10.1.2.3",
    "x-forwarded-proto": "https",
    forwarded: "for=198.51.100.2",
  });
  assert.deepEqual(seen, { address: "203.0.113.7", secure: true, hsts });
  await server.remove();
});

test("proxies that speak RFC 7239 are read when the settings say so, and then alone", async () => {
  const [server] = await serverWithAda({
    WEBPLUS_TRUSTED_PROXIES: "127.0.0.1",
    WEBPLUS_PROXY_HEADER: "forwarded",
    WEBPLUS_HSTS_DAYS: "1",
    WEBPLUS_HSTS_SUBDOMAINS: "true",
  });
  const seen = await signedInFrom(server, {
    "x-forwarded-for": "198.51.100.1",
    forwarded: 'for=198.51.100.2, for="[2001:db8::7]:4711";proto=https',
  });
  const strict = "max-age=86400; includeSubDomains";
  assert.deepEqual(seen, { address: "2001:db8::7", secure: true, hsts: strict });
  await server.remove();
});

test("a setting of a form that it may not have stops the start with its reason", async () => {
  const wrong: [name: string, value: string, reason: string][] = [
    ["WEBPLUS_TRUSTED_PROXIES", "10.0.0.1/8", "holds 10.0.0.1/8, which is "],
    ["WEBPLUS_RATE_EXEMPT_ADDRESSES", "10.0.0.1/8", "holds 10.0.0.1/8, which is "],
    ["WEBPLUS_RATE_EXEMPT_ACCOUNTS", "ada", "holds ada, which is no account's id"],
    [
      "WEBPLUS_CORS_ORIGINS",
      "https://app.example.org/",
      "holds https://app.example.org/, which is ",
    ],
    [
      "WEBPLUS_CORS_ORIGINS",
      "https://app.example.org:443",
      "holds https://app.example.org:443, whose port",
    ],
    ["WEBPLUS_PUBLIC_URL", "HTTPS://chat.example.org", "must be http:// or https://"],
    ["WEBPLUS_PUBLIC_URL", "chat.example.org", "must be http:// or https://"],
  ];
  // A Redis is among the first that a start opens: none of it may keep the program alive.
  const env = { WEBPLUS_REDIS_URL: "redis://127.0.0.1:1" };
  for (const [name, value, reason] of wrong)
    await assert.rejects(
      Server.start({ env: { ...env, [name]: value } }),
      (error: Error) => error.message.includes(`${name} ${reason}`),
      `${name}=${value}`,
    );
});

test("a Forwarded in which a client hid the proxy's word is refused", async () => {
  const [server] = await serverWithAda({
    WEBPLUS_TRUSTED_PROXIES: "127.0.0.1",
    WEBPLUS_PROXY_HEADER: "forwarded",
  });
  const nobody = new Client(server.url, contract);
  const headers = { forwarded: 'for=", for=203.0.113.7' };
  assert.equal((await nobody.call("GET", "/api/v1/setup", { headers })).status, 400);
  await server.remove();
});
