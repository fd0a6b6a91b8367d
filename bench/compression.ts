/* What compression saves and costs, on the replies that the page asks for. */
import http from "node:http";

import { type World, inParallel, post, withServer } from "./lib.ts";

export const codings = ["gzip", "zstd", "br"] as const;

export interface Compressed {
  route: string;
  bytes: number;
  /** By coding: the share of bytes saved, and processor time that a reply costs more, in µs. */
  saved: Record<string, number>;
  costUs: Record<string, number>;
}

const repeats = 400;

/** The bytes of the body as they were sent. */
function ask(world: World, target: string, coding: string, agent: http.Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { ...world.headers, "accept-encoding": coding };
    const request = http.get(world.server.url + target, { headers, agent }, (response) => {
      let bytes = 0;
      if (response.statusCode !== 200)
        reject(new Error(`${target} answered ${response.statusCode}`));
      response.on("data", (data: Buffer) => (bytes += data.length));
      response.on("end", () => resolve(bytes));
    });
    request.on("error", reject);
  });
}

/** Processor time that the server has used, in seconds, finer than the kernel's ticks. */
async function processorSeconds(world: World): Promise<number> {
  const text = await (await fetch(`${world.server.url}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)![1]);
}

async function measure(
  world: World,
  target: string,
  coding: string,
): Promise<{ bytes: number; us: number }> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  const bytes = await ask(world, target, coding, agent);
  const before = await processorSeconds(world);
  await inParallel(repeats, 4, () => ask(world, target, coding, agent));
  const us = (((await processorSeconds(world)) - before) / repeats) * 1e6;
  agent.destroy();
  return { bytes, us };
}

async function fill(world: World): Promise<string> {
  await inParallel(40, 8, (i) =>
    post(world, "/api/v1/conversations", { title: `What was said of subject ${i}` }),
  );
  const { id } = await post(world, "/api/v1/conversations", {});
  for (const question of [
    "How do I sign in?",
    "How do I install it on Debian?",
    "What does a role allow?",
    "How do I make a key?",
  ]) {
    const { assistant_message } = await post(world, `/api/v1/conversations/${id}/messages`, {
      content: question,
    });
    // The events end when the answer has.
    const events = await fetch(
      `${world.server.url}/api/v1/messages/${assistant_message.id}/events`,
      { headers: world.headers },
    );
    await events.arrayBuffer();
  }
  return id;
}

export async function measureCompression(): Promise<Compressed[]> {
  return withServer({ WEBPLUS_GUIDE_WORDS_PER_SECOND: "100000" }, async (world) => {
    const id = await fill(world);
    const page = await (await fetch(world.server.url)).text();
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)![1]!;
    const targets = [
      "/api/v1/conversations?limit=20",
      `/api/v1/conversations/${id}/messages?limit=20`,
      "/api/v1/models",
      "/api/v1/openapi.json",
      "/api/v1/help/user-guide",
      script,
    ];
    const results: Compressed[] = [];
    for (const target of targets) {
      const plain = await measure(world, target, "identity");
      const result: Compressed = {
        route: target.replace(id, "{id}").replace(script, "a script"),
        bytes: plain.bytes,
        saved: {},
        costUs: {},
      };
      for (const coding of codings) {
        const packed = await measure(world, target, coding);
        result.saved[coding] = 1 - packed.bytes / plain.bytes;
        result.costUs[coding] = packed.us - plain.us;
      }
      results.push(result);
    }
    return results;
  });
}
