/* A long list costs no more statements than a short one. On a server that answers from the database each time. */
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import { Server } from "./lib/server.ts";
import { test } from "./lib/test.ts";
import { contract } from "./lib/world.ts";

const many = 100;
/** How often each request is made: others' statements, as the look for changed rights, fall between some of them. */
const tries = 8;

const credentials = { username: "ada", password: "correct horse battery" };
let server: Server;
let ada: Client;

async function statements(): Promise<number> {
  const { text } = await ada.call("GET", "/metrics");
  return Number(/^webplus_db_statements_total (\d+)$/m.exec(text)![1]);
}

interface Cost {
  items: number;
  statements: number;
}

/** What the list costs by itself: the least of several. */
async function cost(target: string, limit: number): Promise<Cost> {
  let least = Infinity;
  let items = 0;
  for (let i = 0; i < tries; i++) {
    const before = await statements();
    const page = await ada.get(`${target}${target.includes("?") ? "&" : "?"}limit=${limit}`);
    items = page.items.length;
    least = Math.min(least, (await statements()) - before);
  }
  return { items, statements: least };
}

describe("a list of many", () => {
  let messages: string;

  before(async () => {
    server = await Server.start({
      env: { WEBPLUS_CACHE: "false", WEBPLUS_GUIDE_WORDS_PER_SECOND: "5000" },
    });
    ada = new Client(server.url, contract);
    ada.takeSession(
      await ada.call("POST", "/api/v1/setup", {
        body: { ...credentials, email: "ada@example.org", token: server.setupToken },
      }),
    );
    await server.createUser("grace", credentials.password);
    for (let i = 0; i < 2; i++)
      await new Client(server.url, contract).signIn(credentials.username, credentials.password);
    for (let i = 0; i < many; i++) await ada.conversation({ title: `One of many, number ${i}` });
    const conversation = await ada.conversation();
    for (let i = 0; i < 4; i++) {
      const { assistant_message } = await ada.send(conversation, "How do I sign in?");
      await ada.finished(assistant_message.id);
    }
    messages = `/api/v1/conversations/${conversation.id}/messages`;
    for (let i = 0; i < 10; i++)
      await ada.post("/api/v1/api-keys", { name: `Key ${i}`, scopes: ["chat:read"] }, 201);
    for (let i = 0; i < 10; i++) await ada.post("/api/v1/invitations", { role: "user" }, 201);
  });

  after(() => server.remove());

  const lists: [what: string, target: () => string, least: number][] = [
    ["conversations", () => "/api/v1/conversations", many],
    ["messages", () => messages, 8],
    ["messages of all branches", () => `${messages}?tree=true`, 8],
    ["API keys", () => "/api/v1/api-keys", 10],
    ["invitations", () => "/api/v1/invitations", 10],
    ["the audit log", () => "/api/v1/audit", 20],
    ["users", () => "/api/v1/users", 2],
    ["sessions", () => "/api/v1/sessions", 2],
  ];

  for (const [what, target, least] of lists)
    test(`costs as many statements as one of few: ${what}`, async (context) => {
      const short = await cost(target(), 1);
      const long = await cost(target(), many);
      assert.equal(short.items, 1);
      assert.ok(long.items >= least, `${long.items} items`);
      assert.ok(short.statements >= 1, "it is counted");
      assert.ok(
        long.statements <= short.statements,
        `${long.statements} statements, not ${short.statements}`,
      );
      context.diagnostic(`${long.items} items, ${long.statements} statements`);
    });

  test("a search looks each result up by itself, and what it shows of them together", async () => {
    const search = "/api/v1/search?kind=titles&q=many";
    const short = await cost(search, 1);
    const long = await cost(search, 50);
    assert.equal(long.items, 50);
    const each = (long.statements - short.statements) / (long.items - short.items);
    assert.ok(each <= 1.2, `${each} statements for each`);
  });
});
