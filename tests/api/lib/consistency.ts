/*
 * Users who read and write at once through several servers, and a check of each answer: nobody sees less than what was
 * acknowledged before they asked, or anything of somebody else's.
 *
 * Everything that a user owns carries their name and a number that only grows; a reader notes the acknowledged number
 * before it asks, and what it gets must not be behind. Random, by a seed that is printed.
 */
import assert from "node:assert/strict";

import { Client } from "./client.ts";
import type { Contract } from "./contract.ts";
import type { Server } from "./server.ts";

/** mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Something that one writer changes and many read. */
interface Subject {
  id: string;
  /** What was acknowledged last, and what was sent last. */
  acknowledged: number;
  sent: number;
}

const conversationsEach = 3;
const readersEach = 3;

class User {
  readonly name: string;
  readonly clients: Client[];
  readonly subjects: Subject[] = [];
  readonly profile: Subject = { id: "me", acknowledged: 0, sent: 0 };

  constructor(name: string, clients: Client[]) {
    this.name = name;
    this.clients = clients;
  }
}

export class Consistency {
  readonly seed: number;
  readonly #random: () => number;
  readonly #users: User[] = [];
  readonly #work: Promise<void>[] = [];
  #stopped = false;
  reads = 0;
  writes = 0;
  /** The longest that a read, or a write, took. */
  slowestReadMs = 0;
  slowestWriteMs = 0;

  constructor(seed = Number(process.env["CACHE_SEED"] ?? Math.floor(Math.random() * 2 ** 31))) {
    this.seed = seed;
    this.#random = generator(seed);
  }

  #choose<T>(items: T[]): T {
    return items[Math.floor(this.#random() * items.length)]!;
  }

  /** A user who may sign in on each server. */
  async add(name: string, password: string, servers: Server[], contract: Contract): Promise<void> {
    const clients = await Promise.all(
      servers.map(async (server) => {
        const client = new Client(server.url, contract);
        await client.signIn(name, password);
        return client;
      }),
    );
    const user = new User(name, clients);
    for (let i = 0; i < conversationsEach; i++) {
      const { id } = await clients[0]!.conversation({ title: `${name} 0` });
      user.subjects.push({ id, acknowledged: 0, sent: 0 });
    }
    await clients[0]!.expect(200, "PATCH", "/api/v1/auth/me", { body: { full_name: `${name} 0` } });
    this.#users.push(user);
  }

  async #write(user: User): Promise<void> {
    const profile = this.#random() < 0.25;
    const subject = profile ? user.profile : this.#choose(user.subjects);
    const number = ++subject.sent;
    const body = profile
      ? { full_name: `${user.name} ${number}` }
      : { title: `${user.name} ${number}` };
    const path = profile ? "/api/v1/auth/me" : `/api/v1/conversations/${subject.id}`;
    const begin = performance.now();
    await this.#choose(user.clients).expect(200, "PATCH", path, { body });
    this.slowestWriteMs = Math.max(this.slowestWriteMs, performance.now() - begin);
    subject.acknowledged = number;
    this.writes++;
  }

  #check(user: User, subject: Subject, before: number, shown: string, where: string): void {
    const [name, number] = shown.split(" ");
    assert.equal(name, user.name, `${where} (seed ${this.seed}): somebody else's`);
    assert.ok(
      Number(number) >= before && Number(number) <= subject.sent,
      `${where} (seed ${this.seed}): ${number} is not between ${before} and ${subject.sent}`,
    );
  }

  async #readOne(user: User, client: Client): Promise<void> {
    const subject = this.#choose(user.subjects);
    const before = subject.acknowledged;
    const { title } = await client.get(`/api/v1/conversations/${subject.id}`);
    this.#check(user, subject, before, title, `conversation on ${client.url}`);
  }

  async #readList(user: User, client: Client): Promise<void> {
    const before = user.subjects.map((subject) => subject.acknowledged);
    const { items } = await client.get("/api/v1/conversations?limit=50");
    const others = items.filter(
      (item: { title: string }) => !item.title.startsWith(`${user.name} `),
    );
    assert.deepEqual(others, [], `list (seed ${this.seed}): somebody else's`);
    user.subjects.forEach((subject, i) => {
      const { title } = items.find(({ id }: { id: string }) => id === subject.id);
      this.#check(user, subject, before[i]!, title, `list on ${client.url}`);
    });
  }

  async #readProfile(user: User, client: Client): Promise<void> {
    const before = user.profile.acknowledged;
    const { full_name } = await client.get("/api/v1/auth/me");
    this.#check(user, user.profile, before, full_name, `profile on ${client.url}`);
  }

  async #read(user: User): Promise<void> {
    const client = this.#choose(user.clients);
    const kind = this.#random();
    const begin = performance.now();
    if (kind < 0.5) await this.#readOne(user, client);
    else if (kind < 0.8) await this.#readList(user, client);
    else await this.#readProfile(user, client);
    this.slowestReadMs = Math.max(this.slowestReadMs, performance.now() - begin);
    this.reads++;
  }

  async #repeat(act: () => Promise<void>): Promise<void> {
    try {
      while (!this.#stopped) await act();
    } finally {
      this.#stopped = true;
    }
  }

  /** One writer and some readers for each user, until `stop`. */
  start(): void {
    for (const user of this.#users) {
      this.#work.push(this.#repeat(() => this.#write(user)));
      for (let i = 0; i < readersEach; i++) this.#work.push(this.#repeat(() => this.#read(user)));
    }
    for (const work of this.#work) work.catch(() => {}); // `stop` tells
  }

  /** Goes on until so many more reads and writes were done, or one was wrong. */
  async more(reads: number, writes: number): Promise<void> {
    const goal = { reads: this.reads + reads, writes: this.writes + writes };
    while (!this.#stopped && (this.reads < goal.reads || this.writes < goal.writes))
      await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.#stopped) await this.stop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#work);
  }
}

/** A value of /metrics, of all that begin so. */
export async function metric(server: Server, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split("\n").find((line) => line.startsWith(`${name} `));
  assert.ok(line, name);
  return Number(line.split(" ").at(-1));
}
