/*
 * What is secret or private does not stand in the files of the database: words are planted in every such field over the
 * API, and looked for in the bytes on the disk, or in a dump of PostgreSQL. And what somebody did to a sealed value is
 * reported, not shown.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";

import { Client } from "./lib/client.ts";
import { query } from "./lib/postgres.ts";
import { Server } from "./lib/server.ts";
import type { Conversation } from "./lib/types.ts";
import { type Chat, Upstream, model } from "./lib/upstream.ts";
import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const ada = { username: "ada", email: "planted-email@example.org", password: "planted password" };

/** In the clear as they are; a search that finds none of them finds nothing. */
const clear = ["webplus/guide", "planted-role", "planted-key-name"];
/** By the names that the fields are sealed under, as the tables of the server have them. */
const sealed: Record<string, string[]> = {
  "account.email": ["planted-email"],
  "account.full_name": ["planted-full-name"],
  "audit.details": ["planted-email"],
  "conversation.title": ["planted-title", "planted-renamed"],
  "invitation.email": ["planted-invited"],
  "message.content": ["planted-question", "planted-answer"],
  "message.error_detail": ["planted-refusal"],
  "message.lengths": ["planted-ended-lengths"],
  "message_chunk.lengths": ["planted-lengths"],
  "message_chunk.text": ["planted-streaming"],
  "session.address": ["203.0.113.77"],
  "session.user_agent": ["planted-device"],
};
/** Drawn at random, and never shown to anybody who could plant or find it. */
const random = ["search_index.key"];
/** Kept as hashes that are keyed. */
const hashed = ["planted password", "planted-idempotency"];
const planted = [...hashed, ...Object.values(sealed).flat()];

/** Every name that a field is sealed under. */
async function sealNames(): Promise<string[]> {
  const folder = path.resolve(import.meta.dirname, "../../apps/backend");
  const files = (await readdir(folder, { recursive: true })).filter(
    (name) => name.endsWith(".c") && !name.startsWith("tests"),
  );
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), "utf8")));
  const names = texts.flatMap((text) =>
    [...text.matchAll(/\.(?:private|secret) = "([^"]+)"/g)].map((match) => match[1]!),
  );
  return [...new Set(names)].sort();
}

/** Pieces of an answer, whose lengths in their order are the characters of the word. */
const piecesOf = (word: string): string[] =>
  [...word].map((character) => "x".repeat(character.charCodeAt(0)));

describe("the database at rest", () => {
  let server: Server;
  let client: Client;
  let conversation: Conversation;
  let upstream: Upstream;
  /** The answer that streams as long as the tests run. */
  let streaming: string;

  /** Asks the upstream, which the test plays. */
  async function ask(question: string): Promise<{ id: string; chat: Chat }> {
    const arrives = upstream.nextChat();
    const asked = await client.conversation({ model_id: model });
    const { assistant_message } = await client.send(asked, question);
    return { id: assistant_message.id, chat: await arrives };
  }

  async function plantAnswers(): Promise<void> {
    const refused = await ask("refuse this");
    refused.chat.refuse(500, '{"error":{"message":"planted-refusal"}}');
    assert.match((await client.finished(refused.id)).error!.detail, /planted-refusal/);
    const answered = await ask("answer this");
    answered.chat.say("planted-answer", ...piecesOf("planted-ended-lengths"));
    answered.chat.end();
    assert.match((await client.finished(answered.id)).content, /^planted-answerx+$/);
    const open = await ask("go on");
    const pieces = piecesOf("planted-lengths");
    const text = "planted-streaming" + pieces.join("");
    open.chat.say("planted-streaming", ...pieces);
    streaming = open.id;
    while ((await client.get(`/api/v1/messages/${streaming}`)).content !== text);
  }

  before(async () => {
    upstream = await Upstream.start();
    server = await Server.start({
      env: {
        WEBPLUS_GUIDE_WORDS_PER_SECOND: "5000",
        WEBPLUS_OPENAI_URL: upstream.openaiUrl,
        WEBPLUS_TRUSTED_PROXIES: "127.0.0.1",
      },
    });
    client = new Client(server.url, contract);
    const headers = { "user-agent": "planted-device", "x-forwarded-for": "203.0.113.77" };
    client.takeSession(
      await client.call("POST", "/api/v1/setup", {
        body: { ...ada, token: server.setupToken },
        headers,
      }),
    );
    await client.call("POST", "/api/v1/auth/login", {
      body: { username: ada.email, password: "a wrong one" },
      headers,
    });
    await client.expect(200, "PATCH", "/api/v1/auth/me", {
      body: { full_name: "planted-full-name" },
    });
    await client.post(
      "/api/v1/invitations",
      { email: "planted-invited@example.org", role: "user" },
      201,
    );
    await client.post("/api/v1/roles", { name: "planted-role", permissions: ["chat:read"] }, 201);
    await client.post("/api/v1/api-keys", { name: "planted-key-name", scopes: ["chat:read"] }, 201);
    conversation = await client.conversation({ title: "planted-title" });
    const { json } = await client.call(
      "POST",
      `/api/v1/conversations/${conversation.id}/messages`,
      {
        body: { content: "planted-question" },
        headers: { "idempotency-key": "planted-idempotency" },
      },
    );
    await client.finished(json.assistant_message.id);
    const other = await client.conversation({ title: "to be renamed" });
    await client.expect(200, "PATCH", `/api/v1/conversations/${other.id}`, {
      body: { title: "planted-renamed" },
    });
    await plantAnswers();
  });
  after(async () => {
    await upstream.close();
    await server.remove();
  });

  async function bytesOnDisk(): Promise<Buffer> {
    const url = server.env["WEBPLUS_DATABASE_URL"];
    if (url !== undefined) {
      const dump = await promisify(execFile)("pg_dump", [url], { maxBuffer: 1e9 });
      return Buffer.from(dump.stdout);
    }
    const names = (await readdir(server.data)).filter((name) => name.startsWith("webplus.db"));
    return Buffer.concat(
      await Promise.all(names.map((name) => readFile(path.join(server.data, name)))),
    );
  }

  /** As text, and as the hexadecimal digits that a dump has. */
  const holds = (bytes: Buffer, word: string): boolean =>
    bytes.includes(word) || bytes.includes(Buffer.from(word).toString("hex"));

  async function change(sql: string): Promise<void> {
    const url = server.env["WEBPLUS_DATABASE_URL"];
    if (url !== undefined) return void (await query(url, sql));
    const database = new DatabaseSync(path.join(server.data, "webplus.db"), { timeout: 5000 });
    database.exec(sql);
    database.close();
  }

  test("has a planted word in every field that is sealed", async () => {
    assert.deepEqual([...Object.keys(sealed), ...random].sort(), await sealNames());
    const { items } = await client.get("/api/v1/sessions");
    assert.ok(items.some(({ address }: { address: string }) => address === "203.0.113.77"));
    const log = await client.get("/api/v1/audit?limit=100");
    assert.ok(JSON.stringify(log).includes("planted-email"));
  });

  test("no planted word stands in its files", async () => {
    const bytes = await bytesOnDisk();
    assert.equal((await client.get(`/api/v1/messages/${streaming}`)).status, "streaming");
    for (const word of clear) assert.ok(holds(bytes, word), `${word} is not found`);
    for (const word of planted) assert.ok(!holds(bytes, word), `${word} stands in the clear`);
  });

  test("nor in the index of words, which is found by them all the same", async () => {
    const { code, output } = await server.command(["search", "rebuild", "--data", server.data]);
    assert.equal(code, 0, output);
    assert.match(output, /^[1-9]\d* messages in [1-9]\d* blocks, [1-9]\d* bytes sealed$/m);
    const bytes = await bytesOnDisk();
    for (const word of [...planted, ...planted.flatMap((words) => words.split("-"))])
      if (word.startsWith("planted-") || word === "question" || word === "renamed")
        assert.ok(!holds(bytes, word), `${word} stands in the clear`);
    const { items } = await client.get("/api/v1/search?q=planted+question");
    assert.equal(items[0].conversation_id, conversation.id);
  });

  test("nor after a rotation, and everything still reads", async () => {
    const { code, output } = await server.command(["keys", "rotate", "--data", server.data]);
    assert.equal(code, 0, output);
    assert.match(output, /Key 2 seals everything/);
    const bytes = await bytesOnDisk();
    for (const word of planted) assert.ok(!holds(bytes, word), `${word} stands in the clear`);
    assert.equal(
      (await client.get(`/api/v1/conversations/${conversation.id}`)).title,
      "planted-title",
    );
    const { code: verified, output: chain } = await server.command([
      ...["audit", "verify", "--data", server.data],
    ]);
    assert.equal(verified, 0, chain);
  });

  test("a sealed value in another row is reported, not shown", async () => {
    const victim = await client.conversation({ title: "planted-victim" });
    await change(
      `UPDATE conversation SET title = (SELECT title FROM conversation WHERE id = '${conversation.id}') WHERE id = '${victim.id}'`,
    );
    const problem = await client.get(`/api/v1/conversations/${victim.id}`, 500);
    assert.equal(problem.code, "corrupt");
    await server.printed((line) =>
      ["damaged row", victim.id, "title"].every((word) => line.includes(word)),
    );
    const page = await client.get("/api/v1/conversations");
    assert.ok(page.items.some(({ id }: Conversation) => id === conversation.id));
    assert.ok(page.items.every(({ id }: Conversation) => id !== victim.id));
  });

  test("so is one that was cut short, and one under a key that does not exist", async () => {
    const onPostgres = server.env["WEBPLUS_DATABASE_URL"] !== undefined;
    const hex = (digits: string): string => (onPostgres ? `'\\x${digits}'::bytea` : `x'${digits}'`);
    for (const value of ["substr(title, 1, 50)", `${hex("0100000009")} || substr(title, 6)`]) {
      const victim = await client.conversation({ title: "planted-victim" });
      await change(`UPDATE conversation SET title = ${value} WHERE id = '${victim.id}'`);
      const problem = await client.get(`/api/v1/conversations/${victim.id}`, 500);
      assert.equal(problem.code, "corrupt", value);
    }
  });
});
