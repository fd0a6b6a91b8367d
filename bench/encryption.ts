/*
 * What encryption at rest costs a page of 50 messages: the server beside the same one whose row binding copies instead of
 * sealing (bench/unsealed.c), in turns, each on an installation of its own.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { Upstream, model } from "../tests/api/lib/upstream.ts";
import { type World, median, post, root, withServer, wrk } from "./lib.ts";

const turns = 25;
const rounds = 5;
const sentence =
  "A page of messages is what people wait for when they come back to a conversation, so it is read here. ";

export interface Encryption {
  onPerSecond: number;
  offPerSecond: number;
  /** Of the throughput. */
  cost: number;
}

/** A conversation of 50 messages, each so long; half of them are a model's. */
async function converse(world: World, upstream: Upstream, bytes: number): Promise<string> {
  const content = sentence.repeat(Math.ceil(bytes / sentence.length)).slice(0, bytes);
  const { id } = await post(world, "/api/v1/conversations", { model_id: model });
  for (let i = 0; i < turns; i++) {
    const { assistant_message } = await post(world, `/api/v1/conversations/${id}/messages`, {
      content,
    });
    const chat = await upstream.nextChat();
    chat.say(content);
    chat.end();
    // The events end when the answer has.
    const events = await fetch(
      `${world.server.url}/api/v1/messages/${assistant_message.id}/events`,
      { headers: world.headers },
    );
    await events.arrayBuffer();
  }
  return `/api/v1/conversations/${id}/messages?limit=50`;
}

async function load(world: World, target: string, seconds: number): Promise<number> {
  const { perSecond, failed } = await wrk(world.server.url + target, world.headers, seconds);
  if (failed > 0) throw new Error("a request of the page failed");
  return perSecond;
}

/** Whether the words stand in the database as they are. */
function isPlain({ server }: World): boolean {
  const files = ["webplus.db", "webplus.db-wal"].map((name) => path.join(server.data, name));
  return files.some(
    (file) => existsSync(file) && readFileSync(file).includes(sentence.slice(0, 60)),
  );
}

export async function measureEncryption(bytes: number, seconds: number): Promise<Encryption> {
  const upstream = await Upstream.start();
  const env = { WEBPLUS_OPENAI_URL: upstream.openaiUrl };
  try {
    return await withServer(env, (sealed) =>
      withServer(
        env,
        async (plain) => {
          const targets = [
            await converse(sealed, upstream, bytes),
            await converse(plain, upstream, bytes),
          ] as const;
          if (isPlain(sealed) || !isPlain(plain))
            throw new Error("the two servers are not what they should be");
          const on: number[] = [];
          const off: number[] = [];
          for (let round = 0; round < rounds; round++) {
            on.push(await load(sealed, targets[0], seconds));
            off.push(await load(plain, targets[1], seconds));
          }
          const [onPerSecond, offPerSecond] = [median(on), median(off)];
          return { onPerSecond, offPerSecond, cost: 1 - onPerSecond / offPerSecond };
        },
        path.join(root, "build/bench/webplus_unsealed"),
      ),
    );
  } finally {
    await upstream.close();
  }
}
