/*
 * PostgreSQL killed under load: clients are told to come again, the server finds it again by itself, and what was
 * acknowledged is there. Needs tools/with-postgres.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { Client } from "../api/lib/client.ts";
import { Contract } from "../api/lib/contract.ts";
import { Server } from "../api/lib/server.ts";
import type { Conversation, Message } from "../api/lib/types.ts";

const rounds = process.env["SOAK"] === "1" ? 100 : 3;
const folder = process.env["WEBPLUS_TEST_POSTGRES_FOLDER"];
const writers = 8;
const backWithinMs = 5_000;
/** No request may hang on a database that is gone. */
const refusalWithinMs = 3_000;
const ada = { username: "ada", email: "ada@example.org", password: "correct horse battery" };

async function postgres(command: "start" | "kill"): Promise<void> {
  const tool = path.resolve(import.meta.dirname, "../../tools/postgres");
  await promisify(execFile)(tool, [command, folder!]);
}

/** Waits for it without asking again and again: whoever changes something calls `look`. */
class Moment {
  readonly reached: Promise<void>;
  readonly #condition: () => boolean;
  #resolve: () => void = () => {};

  constructor(condition: () => boolean) {
    this.#condition = condition;
    this.reached = new Promise((resolve) => (this.#resolve = resolve));
  }

  look(): void {
    if (this.#condition()) this.#resolve();
  }
}

/** Writers that never stop, and what became of each write. */
class Load {
  readonly acknowledged: string[] = [];
  refused = 0;
  #stopped = false;
  readonly #client: Client;
  readonly #moments = new Set<Moment>();
  readonly #writers: Promise<void>[];

  constructor(client: Client) {
    this.#client = client;
    this.#writers = Array.from({ length: writers }, () => this.#write());
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const begin = performance.now();
      const reply = await this.#client.call("POST", "/api/v1/conversations", {
        body: { title: "Kept" },
      });
      if (reply.status === 201) {
        this.acknowledged.push((reply.json as Conversation).id);
      } else {
        assert.equal(reply.status, 503, reply.text);
        assert.equal(reply.headers.get("retry-after"), "1");
        assert.ok(performance.now() - begin < refusalWithinMs, "refused at once");
        this.refused++;
      }
      for (const moment of this.#moments) moment.look();
    }
  }

  async until(condition: () => boolean): Promise<void> {
    const moment = new Moment(condition);
    this.#moments.add(moment);
    moment.look();
    await Promise.race([moment.reached, Promise.all(this.#writers)]);
    this.#moments.delete(moment);
  }

  more(count: number): Promise<void> {
    const goal = this.acknowledged.length + count;
    return this.until(() => this.acknowledged.length >= goal);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#writers);
  }
}

describe("PostgreSQL goes away", { skip: folder === undefined }, () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await Server.start({ env: { WEBPLUS_GUIDE_WORDS_PER_SECOND: "60" } });
    const contract = new Contract(await (await fetch(`${server.url}/api/v1/openapi.json`)).json());
    client = new Client(server.url, contract);
    client.takeSession(
      await client.call("POST", "/api/v1/setup", { body: { ...ada, token: server.setupToken } }),
    );
  });
  after(() => server.remove());

  for (let round = 1; round <= rounds; round++)
    test(`round ${round}: under writes, none that was acknowledged is lost`, async (context) => {
      const load = new Load(client);
      await load.more(50);
      await postgres("kill");
      const refusedBefore = load.refused;
      await load.until(() => load.refused >= refusedBefore + writers);
      const notReady = await client.call("GET", "/api/v1/ready");
      assert.equal(notReady.status, 503);
      assert.equal((await client.call("GET", "/api/v1/health")).status, 200);

      await postgres("start");
      const started = performance.now();
      await load.more(1);
      const back = performance.now() - started;
      assert.ok(back < backWithinMs, `back after ${back} ms`);
      await load.more(50);
      await load.stop();

      for (const id of load.acknowledged) await client.get(`/api/v1/conversations/${id}`);
      assert.equal((await client.call("GET", "/api/v1/ready")).status, 200);
      context.diagnostic(
        `${load.acknowledged.length} acknowledged, ${load.refused} refused, back in ${back.toFixed(0)} ms`,
      );
    });

  test("in the middle of an answer, which goes on when it is back", async () => {
    const conversation = await client.conversation();
    const { assistant_message } = await client.send(conversation, "How do I install Web+?");
    const seen: { seq: number; text: string }[] = [];
    let message: Message | undefined;
    let mended: Promise<void> | undefined;
    for await (const event of client.events(assistant_message.id)) {
      if (event.event === "done") message = JSON.parse(event.data) as Message;
      else seen.push(JSON.parse(event.data) as { seq: number; text: string });
      if (seen.length === 5) mended ??= postgres("kill").then(() => postgres("start"));
    }
    await mended;
    assert.equal(message?.status, "complete");
    assert.equal(seen.map((delta) => delta.text).join(""), message.content);
    assert.deepEqual(
      seen.map((delta) => delta.seq),
      Array.from({ length: message.seq }, (_, i) => i + 1),
    );
    assert.deepEqual(await client.message(assistant_message.id), message);
  });
});
