import assert from "node:assert/strict";
import net from "node:net";
import { describe } from "node:test";

import { exchange, parseReply } from "./lib/raw.ts";
import { ada, server } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const host = (): string => `Host: 127.0.0.1:${server.port}\r\n`;
const health = (headers = ""): string => `GET /api/v1/health HTTP/1.1\r\n${host()}${headers}\r\n`;
const login = (headers: string, body = ""): string =>
  `POST /api/v1/auth/login HTTP/1.1\r\n${host()}Content-Type: application/json\r\n${headers}\r\n${body}`;

describe("HTTP", () => {
  test("is refused with 400, and the connection closed, wherever RFC 9112 does not allow it", async () => {
    const refused: Record<string, string> = {
      "two lengths that differ": login("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"),
      "the same length twice": login("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
      "a list of lengths": login("Content-Length: 2, 2\r\n", "{}"),
      "a length with Transfer-Encoding": login(
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "0\r\n\r\n",
      ),
      "a length with a sign": login("Content-Length: +2\r\n", "{}"),
      "a negative length": login("Content-Length: -2\r\n", "{}"),
      "a length in hexadecimal": login("Content-Length: 0x2\r\n", "{}"),
      "a length without digits": login("Content-Length: \r\n", "{}"),
      "a length beyond 64 bits": login("Content-Length: 18446744073709551618\r\n", "{}"),
      "an unknown coding": login("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
      "a coding that is not the last": login(
        "Transfer-Encoding: chunked, identity\r\n",
        "0\r\n\r\n",
      ),
      "chunked twice": login(
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "0\r\n\r\n",
      ),
      "a chunk size that is none": login("Transfer-Encoding: chunked\r\n", "x\r\n{}\r\n0\r\n\r\n"),
      "a chunk size with a sign": login("Transfer-Encoding: chunked\r\n", "+2\r\n{}\r\n0\r\n\r\n"),
      "a chunk without its end": login("Transfer-Encoding: chunked\r\n", "2\r\n{}x0\r\n\r\n"),
      "a huge chunk size": login(
        "Transfer-Encoding: chunked\r\n",
        "ffffffffffffffff0\r\n{}\r\n0\r\n\r\n",
      ),
      "bare LF": health().replaceAll("\r\n", "\n"),
      "one bare LF": health("X-A: b\n"),
      "bare CR": health("X-A: b\rX-C: d\r\n"),
      "a folded header": health("X-A: b\r\n c\r\n"),
      "NUL in a header": health("X-A: b\0c\r\n"),
      "a control character in a header": health("X-A: b\x01c\r\n"),
      "no Host": "GET /api/v1/health HTTP/1.1\r\n\r\n",
      "two Hosts": health(host()),
      "two credentials": health("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"),
      "two keys": health("X-API-Key: a\r\nX-API-Key: a\r\n"),
      "two types": login("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"),
      "a space before the colon": health("X-A : b\r\n"),
      "a header without a name": health(": b\r\n"),
      "a header without a colon": health("X-A\r\n"),
      "a space in a name": health("X A: b\r\n"),
      "two spaces in the request line": `GET  /api/v1/health HTTP/1.1\r\n${host()}\r\n`,
      "no version": `GET /api/v1/health\r\n${host()}\r\n`,
      "a version that is none": `GET /api/v1/health HTTP/x\r\n${host()}\r\n`,
      "a target without a slash": `GET api/v1/health HTTP/1.1\r\n${host()}\r\n`,
      "a control character in the target": `GET /api/v1/he\x01alth HTTP/1.1\r\n${host()}\r\n`,
      "a byte above ASCII in the target": `GET /api/v1/h\xe9alth HTTP/1.1\r\n${host()}\r\n`,
      "a broken escape in the target": `GET /api/v1/%zz HTTP/1.1\r\n${host()}\r\n`,
      "a fragment": `GET /api/v1/health#x HTTP/1.1\r\n${host()}\r\n`,
      "no request at all": "hello\r\n\r\n",
      "a TLS greeting": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    };
    for (const [what, text] of Object.entries(refused)) {
      const reply = await exchange(server.port, Buffer.from(text, "latin1"));
      assert.equal(reply.status, 400, `${what}: ${reply.text.slice(0, 300)}`);
      assert.match(reply.head, /\r\nconnection: close/i, what);
      assert.equal(
        reply.text.match(/HTTP\/1\.1 /g)?.length,
        1,
        `${what}: one answer, then the end`,
      );
      assert.match(reply.head, /\r\nx-content-type-options: nosniff/i, what);
    }
  });

  test("of another version is refused", async () => {
    for (const version of ["HTTP/2.0", "HTTP/0.9", "HTTP/1.10", "http/1.1"])
      assert.ok(
        [400, 505].includes(
          (await exchange(server.port, `GET / ${version}\r\n${host()}\r\n`)).status,
        ),
        version,
      );
  });

  test("does not smuggle a second request behind a refused one", async () => {
    const hidden = health("X-Hidden: yes\r\n");
    const reply = await exchange(
      server.port,
      login(`Content-Length: 2\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${hidden}`),
    );
    assert.equal(reply.status, 400);
    assert.equal(reply.text.match(/HTTP\/1\.1 /g)?.length, 1);
  });

  test("refuses heads that are too large or have too many headers", async () => {
    assert.ok(
      [414, 431].includes(
        (await exchange(server.port, `GET /${"x".repeat(20_000)} HTTP/1.1\r\n${host()}\r\n`))
          .status,
      ),
    );
    assert.equal(
      (await exchange(server.port, health(`X-A: ${"b".repeat(20_000)}\r\n`))).status,
      431,
    );
    assert.equal((await exchange(server.port, health("X-A: b\r\n".repeat(200)))).status, 431);
  });

  test("answers pipelined requests in their order", async () => {
    const missing = `GET /api/v1/missing HTTP/1.1\r\n${host()}\r\n`;
    const reply = await exchange(server.port, health() + missing + health("Connection: close\r\n"));
    assert.deepEqual(reply.text.match(/HTTP\/1\.1 \d+/g), [
      "HTTP/1.1 200",
      "HTTP/1.1 404",
      "HTTP/1.1 200",
    ]);
  });

  test("does not care how the bytes are split", async () => {
    const body = JSON.stringify({ username: "ada", password: "wrong password" });
    const text = login(`Connection: close\r\nContent-Length: ${body.length}\r\n`, body);
    const reply = await exchange(server.port, ...text);
    assert.equal(reply.status, 401);
    const chunked = login(
      "Connection: close\r\nTransfer-Encoding: chunked\r\n",
      `5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)};x=y\r\n${body.slice(5)}\r\n0\r\nX-Trailer: z\r\n\r\n`,
    );
    assert.equal((await exchange(server.port, ...chunked)).status, 401);
  });

  test('says "continue" to who waits for it', async () => {
    const body = '{"username":"ada","password":"wrong password"}';
    const text = await new Promise<string>((resolve) => {
      const socket = net.connect(server.port, "127.0.0.1");
      let received = "";
      socket.write(
        login(`Connection: close\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n`),
      );
      socket.on("data", (data) => {
        received += data.toString();
        if (received === "HTTP/1.1 100 Continue\r\n\r\n") socket.write(body);
      });
      socket.on("close", () => resolve(received));
    });
    assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 401 /);
  });

  test("keeps a connection that was answered with an error of the application", async () => {
    const denied = `GET /api/v1/auth/me HTTP/1.1\r\n${host()}\r\n`;
    const reply = await exchange(server.port, denied + health("Connection: close\r\n"));
    assert.deepEqual(reply.text.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 401", "HTTP/1.1 200"]);
  });

  test("gives HEAD the head alone", async () => {
    const reply = await exchange(
      server.port,
      `HEAD /api/v1/health HTTP/1.1\r\n${host()}Connection: close\r\n\r\n`,
    );
    assert.ok([200, 405].includes(reply.status));
    assert.equal(reply.body, "");
  });

  test("never leaves the embedded files", async () => {
    for (const path of [
      "/../../etc/passwd",
      "/..%2f..%2fetc%2fpasswd",
      "/assets/../../etc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "//etc/passwd",
      "/assets//etc/passwd",
    ]) {
      const reply = await exchange(
        server.port,
        `GET ${path} HTTP/1.1\r\n${host()}Connection: close\r\n\r\n`,
      );
      assert.ok(!reply.text.includes("root:"), path);
      assert.ok([200, 400, 404].includes(reply.status), `${path}: ${reply.status}`);
    }
  });

  test("keeps serving others while a thousand bytes of a head trickle in", async () => {
    const slow = net.connect(server.port, "127.0.0.1");
    slow.write("GET /api/v1/health HTTP/1.1\r\nX-Slow: ");
    for (let i = 0; i < 20; i++) {
      slow.write("x".repeat(50));
      await ada.get("/api/v1/health");
    }
    slow.end(`\r\n${host()}Connection: close\r\n\r\n`);
    const pieces: Buffer[] = [];
    for await (const piece of slow) pieces.push(piece as Buffer);
    assert.equal(parseReply(Buffer.concat(pieces).toString()).status, 200);
  });
});

test("a reply by hand is parsed", () => {
  const reply = parseReply("HTTP/1.1 204 No Content\r\nA: b\r\n\r\nbody");
  assert.deepEqual([reply.status, reply.body], [204, "body"]);
});
