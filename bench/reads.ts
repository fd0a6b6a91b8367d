/*
 * What a read costs, from memory and from SQLite: an authenticated GET of one object and of a page of 20, beside nginx,
 * which serves the same bytes from a file.
 */
import { inParallel, median, post, type World, withNginx, withServer, wrk } from "./lib.ts";

export interface Share {
  bytes: number;
  nginxPerSecond: number;
  perSecond: number;
  p99Ms: number;
}

const rounds = 3;

async function share(world: World, target: string, seconds: number): Promise<Share> {
  const reply = await fetch(world.server.url + target, { headers: world.headers });
  const body = Buffer.from(await reply.arrayBuffer());
  return withNginx(body, async (nginx) => {
    const ours = [];
    const theirs = [];
    for (let round = 0; round < rounds; round++) {
      theirs.push(await wrk(nginx, {}, seconds));
      ours.push(await wrk(world.server.url + target, world.headers, seconds));
    }
    if (ours.some((load) => load.failed > 0)) throw new Error(`a request of ${target} failed`);
    return {
      bytes: body.length,
      nginxPerSecond: median(theirs.map((load) => load.perSecond)),
      perSecond: median(ours.map((load) => load.perSecond)),
      p99Ms: median(ours.map((load) => load.p99Ms)),
    };
  });
}

/** Of one conversation among a few, and of a page of 20. */
export function measureCached(
  cache: boolean,
  seconds: number,
): Promise<{ object: Share; page: Share }> {
  return withServer({ WEBPLUS_CACHE: String(cache) }, async (world) => {
    await inParallel(1000, 32, (i) =>
      post(world, "/api/v1/conversations", { title: `Conversation number ${i}` }),
    );
    const { id } = (await post(world, "/api/v1/conversations", { title: "The one" })) as {
      id: string;
    };
    return {
      object: await share(world, `/api/v1/conversations/${id}`, seconds),
      page: await share(world, "/api/v1/conversations?limit=20", seconds),
    };
  });
}

/** Of the first page of 10 000 conversations. */
export function measureList(cache: boolean, seconds: number): Promise<Share> {
  return withServer({ WEBPLUS_CACHE: String(cache) }, async (world) => {
    await inParallel(10_000, 32, (i) =>
      post(world, "/api/v1/conversations", { title: `Conversation number ${i}` }),
    );
    return share(world, "/api/v1/conversations?limit=20", seconds);
  });
}
