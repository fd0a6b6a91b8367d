/* The index of words: what ended is taken in, across the death of a server, and searched while it is built anew. */
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import { Server } from "./lib/server.ts";
import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const password = "correct horse battery";

let server: Server;
let grace: Client;

async function signIn(): Promise<void> {
  grace = new Client(server.url, contract);
  await grace.signIn("grace", password);
}

async function start(): Promise<void> {
  server = await Server.start({
    env: { WEBPLUS_CACHE: "false", WEBPLUS_GUIDE_WORDS_PER_SECOND: "5000" },
  });
  await server.createUser("grace", password);
  await signIn();
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^webplus_search_${name} (\\d+)$`, "m").exec(text)![1]);
}

/** Asks again until it is so; the test's own limit ends that. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

const say = async (content: string): Promise<void> => {
  const conversation = await grace.conversation({ title: "Said" });
  const { assistant_message } = await grace.send(conversation, content);
  await grace.finished(assistant_message.id);
};

async function countOf(word: string): Promise<number> {
  const { items, complete } = await grace.get(`/api/v1/search?kind=messages&q=${word}&limit=50`);
  assert.ok(complete);
  return items.filter(({ found_in }: { found_in: string }) => found_in === "user").length;
}

const run = async (...words: string[]): Promise<string> => {
  const { code, output } = await server.command([...words, "--data", server.data]);
  assert.equal(code, 0, output);
  return output;
};

describe("the index of words", () => {
  before(start);
  after(() => server.remove());

  test("takes in what ended, and tells its size", async () => {
    for (let i = 0; i < 5; i++) await say(`a narwhal, number ${i}`);
    assert.equal(await countOf("narwhal"), 5, "at once");
    await until(async () => (await metric("messages")) >= 10 && (await metric("pending")) === 0);
    assert.equal(await countOf("narwhal"), 5, "from the index");
    assert.ok((await metric("blocks")) > 10);
    assert.ok((await metric("bytes")) > 500);
    assert.match(await run("search", "status"), /^[1-9] indexes, of which 0 are being built$/m);
  });

  test("has lost nothing when the server is killed", async () => {
    await say("a narwhal before the end");
    await server.end("SIGKILL");
    await server.run();
    await signIn();
    assert.equal(await countOf("narwhal"), 6);
    await until(async () => (await metric("messages")) >= 12 && (await metric("pending")) === 0);
    assert.equal(await countOf("narwhal"), 6);
  });

  test("is searched and written while it is built anew", async () => {
    let ended = false;
    let searches = 0;
    const searching = (async () => {
      for (; !ended; searches++) assert.equal(await countOf("narwhal"), 6);
    })();
    const output = await run("search", "rebuild").finally(() => (ended = true));
    await searching;
    assert.ok(searches > 0);
    assert.match(output, /^[1-9] indexes, of which 0 are being built$/m);
    await say("a narwhal after it");
    assert.equal(await countOf("narwhal"), 7);
  });

  test("goes with its account", async () => {
    await grace.expect(204, "DELETE", "/api/v1/auth/me", {
      body: { password },
    });
    await until(async () =>
      /^0 messages in 0 blocks, 0 bytes sealed$/m.test(await run("search", "status")),
    );
  });
});

describe("where searching is switched off", () => {
  after(() => server.remove());

  test("nothing is kept, and nothing found; switched on again, everything", async () => {
    await start();
    await say("a narwhal");
    await server.end();
    server.env["WEBPLUS_SEARCH"] = "false";
    await server.run();
    await signIn();
    await grace.refused(404, "GET", "/api/v1/search?q=narwhal");
    await say("another narwhal");
    await until(async () => /^0 indexes.*\n.*\n0 pending$/m.test(await run("search", "status")));
    await server.end();
    server.env["WEBPLUS_SEARCH"] = "true";
    await server.run();
    await signIn();
    await until(async () => {
      const { items, complete } = await grace.get("/api/v1/search?kind=messages&q=narwhal");
      return complete && items.length >= 2;
    });
    assert.equal(await countOf("narwhal"), 2);
  });
});
