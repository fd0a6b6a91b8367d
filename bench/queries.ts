/*
 * What the indexes of conversations and messages are worth with 1 000 000 messages in 10 000 conversations: the same pages
 * with them and without them, from one server on one database. Of the messages only those of the conversation that is read
 * are real; the others, which nobody reads, hold bytes that no key opens.
 */
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import { type World, inParallel, median, post, withServer } from "./lib.ts";

const conversations = 10_000;
const messages = 1_000_000;
const times = 15;
const indexes = [
  "conversation_by_owner",
  "conversation_by_owner_and_id",
  "message_by_conversation",
];

export interface QueryTimes {
  what: string;
  withMs: number;
  withoutMs: number;
}

const fill = `
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${messages})
INSERT INTO message (id, conversation_id, owner_id, role, status, seq, epoch, created_at, content)
SELECT printf('01900000-0000-7000-8000-%012d', n), id, owner_id, 'user', 'complete', 0, 0, 0, zeroblob(300)
FROM number JOIN (SELECT row_number() OVER () AS place, id, owner_id FROM conversation) ON place = n % ${conversations}`;

function onDatabase<T>({ server }: World, use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path.join(server.data, "webplus.db"));
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Runs the server again after `use` of its database. */
async function meanwhile(world: World, use: (db: DatabaseSync) => void): Promise<void> {
  await world.server.end();
  onDatabase(world, use);
  await world.server.run();
}

async function medianOf({ server, headers }: World, target: string): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i <= times; i++) {
    const start = performance.now();
    const reply = await fetch(server.url + target, { headers });
    const text = await reply.text();
    if (i > 0) taken.push(performance.now() - start); // the first finds everything cold
    if (!reply.ok) throw new Error(`${target} answered ${reply.status}: ${text}`);
  }
  return median(taken);
}

/** The cursor before the last page, found by going there. */
async function lastPage({ server, headers }: World): Promise<string> {
  let target = "/api/v1/conversations?limit=100";
  for (;;) {
    const reply = await fetch(server.url + target, { headers });
    const { next_cursor } = (await reply.json()) as { next_cursor: string | null };
    if (next_cursor === null) return target;
    target = `/api/v1/conversations?limit=100&cursor=${encodeURIComponent(next_cursor)}`;
  }
}

export async function measureQueries(): Promise<QueryTimes[]> {
  return withServer({ WEBPLUS_GUIDE_WORDS_PER_SECOND: "2000" }, async (world) => {
    const { id } = await post(world, "/api/v1/conversations", { title: "The one that is read" });
    const { assistant_message } = await post(world, `/api/v1/conversations/${id}/messages`, {
      content: "How do I install Web+?",
    });
    await (
      await fetch(`${world.server.url}/api/v1/messages/${assistant_message.id}/events`, {
        headers: world.headers,
      })
    ).text();
    await inParallel(conversations, 32, (i) =>
      post(world, "/api/v1/conversations", { title: `Conversation number ${i}` }),
    );
    await meanwhile(world, (db) => {
      db.exec(fill);
      // What stands with real messages would be read with those that cannot be.
      db.prepare("DELETE FROM message WHERE conversation_id = ? AND id LIKE '01900000-%'").run(id);
      db.exec("ANALYZE");
    });
    const targets = {
      "first page of 20 of 10 000 conversations": "/api/v1/conversations?limit=20",
      "last page of them": await lastPage(world),
      "every branch of one conversation among 1 000 000 messages": `/api/v1/conversations/${id}/messages?limit=50&tree=true`,
    };
    const measured: QueryTimes[] = [];
    for (const [what, target] of Object.entries(targets))
      measured.push({ what, withMs: await medianOf(world, target), withoutMs: 0 });
    await meanwhile(world, (db) => {
      for (const index of indexes) db.exec(`DROP INDEX ${index}`);
    });
    for (const [i, target] of Object.values(targets).entries())
      measured[i]!.withoutMs = await medianOf(world, target);
    return measured;
  });
}
