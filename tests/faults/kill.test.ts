import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Client } from "../api/lib/client.ts";
import { Contract } from "../api/lib/contract.ts";
import { Server } from "../api/lib/server.ts";
import type { Conversation, Message } from "../api/lib/types.ts";
import { test } from "../api/lib/test.ts";

const rounds = process.env["SOAK"] === "1" ? 500 : 5;
const streams = 4;
const ada = { username: "ada", email: "ada@example.org", password: "correct horse battery" };

interface Delta {
  seq: number;
  text: string;
}

/** What a client has been shown of one answer. */
interface Shown {
  conversation: Conversation;
  id: string;
  deltas: Delta[];
}

const textOf = (deltas: Delta[]): string => deltas.map((delta) => delta.text).join("");
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("kill -9 in the middle of answers", () => {
  let server: Server;
  let client: Client;

  async function start(): Promise<void> {
    const contract = new Contract(await (await fetch(`${server.url}/api/v1/openapi.json`)).json());
    const next = new Client(server.url, contract);
    if (server.setupToken !== "")
      next.takeSession(
        await next.call("POST", "/api/v1/setup", { body: { ...ada, token: server.setupToken } }),
      );
    else {
      next.token = client.token;
      next.session = client.session;
    }
    client = next;
  }

  before(async () => {
    server = await Server.start({ env: { WEBPLUS_GUIDE_WORDS_PER_SECOND: "300" } });
    await start();
  });
  after(() => server.remove());

  /** Reads until the connection breaks; calls `enough` when the answer has grown to `length` deltas. */
  async function watch(shown: Shown, length: number, enough: () => void): Promise<void> {
    try {
      for await (const event of client.events(shown.id)) {
        if (event.event !== "delta") return enough();
        shown.deltas.push(JSON.parse(event.data) as Delta);
        if (shown.deltas.length === length) enough();
      }
    } catch (error) {
      // The server is dead, as it should be.
      assert.ok(error instanceof TypeError, String(error));
    }
  }

  async function ask(): Promise<Shown> {
    const conversation = await client.conversation();
    const { assistant_message } = await client.send(
      conversation,
      "How do I install Web+ on Debian, and configure it?",
    );
    return { conversation, id: assistant_message.id, deltas: [] };
  }

  async function deltasOf(
    id: string,
    after?: number,
  ): Promise<{ deltas: Delta[]; message: Message }> {
    const deltas: Delta[] = [];
    for await (const event of client.events(id, after)) {
      const data = JSON.parse(event.data) as Delta & Message;
      if (event.event === "done") return { deltas, message: data };
      deltas.push(data);
    }
    assert.fail("no end");
  }

  /** The message stands as it was shown, can be read by number, and goes on. Says whether it was cut short. */
  async function checkSurvivor(shown: Shown): Promise<boolean> {
    const { deltas, message } = await deltasOf(shown.id);
    assert.deepEqual(
      deltas.slice(0, shown.deltas.length),
      shown.deltas,
      "all that was shown, as it was shown",
    );
    assert.deepEqual(
      deltas.map((delta) => delta.seq),
      numbers(1, message.seq),
    );
    assert.equal(textOf(deltas), message.content);
    if (message.status === "complete") return false;
    assert.equal(message.status, "interrupted");
    assert.deepEqual(await client.message(shown.id), message);
    assert.deepEqual(
      (await client.messages(shown.conversation)).items.map((item) => item.role),
      ["user", "assistant"],
    );

    const again = (await client.post(
      `/api/v1/messages/${shown.id}/continue`,
      undefined,
      202,
    )) as Message;
    assert.equal(again.status, "streaming");
    const rest = await deltasOf(shown.id, message.seq);
    assert.equal(rest.message.status, "complete");
    assert.equal(rest.message.content, message.content + textOf(rest.deltas));
    assert.deepEqual(
      rest.deltas.map((delta) => delta.seq),
      numbers(message.seq + 1, rest.message.seq),
    );
    return true;
  }

  for (let round = 1; round <= rounds; round++)
    test(`round ${round}: no word that was shown is lost, and every answer can go on`, async () => {
      const length = 1 + ((round * 7) % 40);
      const all = await Promise.all(Array.from({ length: streams }, ask));
      let kill: Promise<unknown> | undefined;
      await Promise.all(
        all.map((shown) => watch(shown, length, () => (kill ??= server.end("SIGKILL")))),
      );
      await kill;
      await server.run();
      await start();
      const interrupted = await Promise.all(all.map(checkSurvivor));
      assert.ok(interrupted.includes(true), "it was in the middle");
    });
});
