import assert from "node:assert/strict";
import { describe } from "node:test";

import { ada, nobody, server, unknownId } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const conversations = "/api/v1/conversations";
/** What takes long bodies, and refuses these before it looks for the conversation. */
const messages = `${conversations}/${unknownId}/messages`;

function post(
  raw: string | Uint8Array,
  headers: Record<string, string> = { "content-type": "application/json" },
  target = conversations,
) {
  return ada.call("POST", target, { raw, headers });
}

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

describe("a JSON body", () => {
  test("that is malformed is 400 and says where", async () => {
    const malformed: Record<string, string | Uint8Array> = {
      "white space": "  \n",
      "cut short": '{"title":"x"',
      "an array": "[]",
      "a string": '"x"',
      null: "null",
      "a number": "7",
      "two values": "{}{}",
      "something behind it": "{} x",
      "a comma too many": '{"title":"x",}',
      "single quotes": "{'title':'x'}",
      "a comment": "{/* x */}",
      NaN: '{"title":NaN}',
      "a key without quotes": '{title:"x"}',
      "a line feed in a string": '{"title":"a\nb"}',
      "a bad escape": '{"title":"\\x41"}',
      "an escaped NUL in a key": '{"title\\u0000":"a"}',
      "half a surrogate pair in a key": '{"title\\ud83d":"a"}',
      "a number that is none behind one that is too large": '{"title":1e400,"model_id":01}',
      "a byte order mark": "\ufeff{}",
      "invalid UTF-8": bytes('{"title":"', [0xff, 0xfe], '"}'),
      "an overlong form": bytes('{"title":"', [0xc0, 0xaf], '"}'),
      "a surrogate in UTF-8": bytes('{"title":"', [0xed, 0xa0, 0x80], '"}'),
      "a character cut short": bytes('{"title":"', [0xe2, 0x82], '"}'),
      "UTF-16": Buffer.from('{"title":"x"}', "utf16le"),
      "a NUL byte": bytes('{"title":"a', [0], 'b"}'),
      "the same key twice": '{"title":"a","title":"b"}',
      "too deep": `{"title":${"[".repeat(100)}${"]".repeat(100)}}`,
      "very deep": "[".repeat(200_000),
      "deep objects": '{"a":'.repeat(50_000) + "1" + "}".repeat(50_000),
    };
    for (const [what, raw] of Object.entries(malformed)) {
      const reply = await post(raw, undefined, raw.length > 10_000 ? messages : conversations);
      assert.equal(reply.status, 400, `${what}: ${reply.status} ${reply.text}`);
      assert.equal(reply.json.code, "malformed", what);
    }
  });

  test("with fields that are wrong is 422 and names each", async () => {
    const wrong: [string, string[]][] = [
      ['{"titel":"x"}', ["titel"]],
      ['{"title":1}', ["title"]],
      ['{"title":true}', ["title"]],
      ['{"title":{}}', ["title"]],
      ['{"title":["x"]}', ["title"]],
      ['{"title":"a\\u0007b"}', ["title"]],
      ['{"title":"a\\u0000b"}', ["title"]],
      ['{"title":"\\ud83d"}', ["title"]],
      ['{"title":"\\ude00\\ud83d","model_id":1e400,"x":-1e999}', ["model_id", "title", "x"]],
      ['{"Title":"x"}', ["Title"]],
      ['{"title":1,"model_id":2,"x":3,"y":4}', ["model_id", "title", "x", "y"]],
      ['{"__proto__":{}}', ["__proto__"]],
    ];
    for (const [raw, fields] of wrong) {
      const reply = await post(raw);
      assert.equal(reply.status, 422, `${raw}: ${reply.text}`);
      assert.deepEqual(
        reply.json.errors.map((error: { field: string }) => error.field).sort(),
        fields,
        raw,
      );
    }
  });

  test("with a thousand unknown keys is answered by a bounded reply", async () => {
    const reply = await post(
      JSON.stringify(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]))),
    );
    assert.equal(reply.status, 422);
    assert.ok(reply.json.errors.length <= 32);
    assert.ok(reply.text.length < 10_000);
  });

  test("never comes back in the answer", async () => {
    const reply = await post('{"title":"<script>alert(1)</script>","x<script>":1}');
    assert.equal(reply.status, 422);
    assert.match(reply.headers.get("content-type")!, /^application\/problem\+json/);
    assert.ok(!reply.text.includes("alert"));
    const broken = await post('{"title": hunter2}');
    assert.equal(broken.status, 400);
    assert.match(broken.json.errors[0].message, /at line 1, column \d+/);
    assert.ok(!broken.text.includes("hunter"), broken.text);
  });

  test("of as many marks as fit, which Unicode would have to sort, costs no time", async () => {
    const marks = "\u0301".repeat(4_000) + "\u0316".repeat(4_000);
    const began = Date.now();
    for (const password of [marks, "\u0f73".repeat(5_000)]) {
      const body = { username: "ada", password };
      const reply = await nobody().call("POST", "/api/v1/auth/login", {
        body,
      });
      assert.equal(reply.status, 422);
    }
    assert.ok(Date.now() - began < 20_000, "it took hours where each was moved past each other");
  });

  test("is asked for as application/json", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/json-seq",
    ])
      assert.equal((await post("{}", { "content-type": type })).status, 415, type);
    for (const type of [
      "application/json",
      "Application/JSON",
      "application/json; charset=utf-8",
      "application/json;charset=UTF-8",
    ])
      assert.equal((await post("{}", { "content-type": type })).status, 201, type);
    assert.equal((await post(Buffer.from("{}"), {})).status, 415, "no type");
  });

  test("is at most as long as its fields can need, and 1 MiB", async () => {
    const title = (size: number): string => `{"title":"${"x".repeat(size - 12)}"}`;
    assert.equal((await post(title(16 * 1024))).status, 422, "read, and its title is too long");
    const refused = await post(title(16 * 1024 + 1));
    assert.equal(refused.status, 413);
    assert.match(refused.text, /at most 16384 bytes/);
    const content = (size: number): string => `{"content":"${"x".repeat(size - 14)}"}`;
    assert.equal((await post(content(1024 * 1024), undefined, messages)).status, 422);
    assert.equal((await post(content(1024 * 1024 + 1), undefined, messages)).status, 413);
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 40; i++) controller.enqueue(Buffer.alloc(32 * 1024, 0x20));
        controller.close();
      },
    });
    const init = {
      method: "POST",
      body: stream,
      duplex: "half",
      headers: { "content-type": "application/json", authorization: `Bearer ${ada.token}` },
    };
    assert.equal(
      (await fetch(server.url + conversations, init as RequestInit)).status,
      413,
      "chunked",
    );
  });
});

describe("an address", () => {
  test("that does not exist is 404, with a method that does not fit 405", async () => {
    for (const target of [
      "/api/v1/nothing",
      "/api/v1",
      "/api/v1/",
      "/api/v2/health",
      "/api/v1/conversations/",
      "/api/v1//conversations",
      "/api/v1/Health",
    ])
      assert.equal((await ada.call("GET", target)).status, 404, target);
    const wrong: [string, string, string[]][] = [
      ["DELETE", conversations, ["GET", "POST"]],
      ["PUT", `${conversations}/${unknownId}`, ["DELETE", "GET", "PATCH"]],
      ["POST", "/api/v1/health", ["GET"]],
      ["GET", "/api/v1/auth/login", ["POST"]],
    ];
    for (const [method, target, allowed] of wrong) {
      const reply = await ada.call(method, target);
      assert.equal(reply.status, 405, `${method} ${target}`);
      const allow = reply.headers
        .get("allow")!
        .split(/,\s*/)
        .filter((name) => name !== "HEAD" && name !== "OPTIONS");
      assert.deepEqual(allow.sort(), allowed);
    }
  });

  test("with an id that is none is 404 like one that is unknown", async () => {
    const ids = [
      "x",
      "1",
      unknownId,
      unknownId.toUpperCase(),
      unknownId.replaceAll("-", ""),
      `${unknownId}0`,
      `{${unknownId}}`,
      "..",
      "%2e%2e",
      "%00",
      "a%2Fb",
      "' OR 1=1 --",
      "é",
      "x".repeat(3000),
    ];
    const answers = new Set<string>();
    for (const id of ids) {
      const target = `${conversations}/${id.includes("%") ? id : encodeURIComponent(id)}`;
      const reply = await ada.call(
        "GET",
        target === `${conversations}/..` ? `${conversations}/%2e%2e` : target,
      );
      assert.ok(
        reply.status === 404 || (id.includes("%") && reply.status === 400),
        `${id}: ${reply.status}`,
      );
      if (reply.status === 404 && !id.includes("%") && id !== "..") answers.add(reply.json.detail);
    }
    assert.equal(answers.size, 1, [...answers].join(" | "));
  });

  test("takes the query parameters of its route alone", async () => {
    for (const query of ["?x=1", "?limit=1&limit=2", "?limit", "?=1", "?limit=%zz", "?cursor=%ff"])
      assert.ok([400, 422].includes((await ada.call("GET", conversations + query)).status), query);
    assert.equal((await ada.call("GET", "/api/v1/auth/me?x=1")).status, 422);
  });
});

describe("headers", () => {
  test("that are too large are 431", async () => {
    const reply = await nobody().call("GET", "/api/v1/health", {
      headers: { "x-large": "x".repeat(15_000) },
    });
    assert.ok([200, 431].includes(reply.status));
    const larger = await fetch(`${server.url}/api/v1/health`, {
      headers: { "x-large": "x".repeat(20_000) },
    });
    assert.equal(larger.status, 431);
  });
});
