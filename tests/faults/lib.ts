/* What the tests of faults share: a server with an administrator signed in, and figures of it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { Client } from "../api/lib/client.ts";
import { Contract } from "../api/lib/contract.ts";
import { Server } from "../api/lib/server.ts";

export const soaking = process.env["SOAK"] === "1";

const ada = { username: "ada", email: "ada@example.org", password: "correct horse battery" };

/** Signs in at a server that was just started, or started again on the same data. */
export async function signIn(server: Server): Promise<Client> {
  const contract = new Contract(await (await fetch(`${server.url}/api/v1/openapi.json`)).json());
  const client = new Client(server.url, contract);
  if (server.setupToken === "") {
    await client.signIn(ada.username, ada.password);
    return client;
  }
  const body = { ...ada, token: server.setupToken };
  client.takeSession(await client.call("POST", "/api/v1/setup", { body }));
  return client;
}

/** Seconds of processor time that the process has used. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(stat[11]) + Number(stat[12])) / 100;
}

/** The titles of all conversations. */
export async function allTitles(client: Client): Promise<Set<string>> {
  const titles = new Set<string>();
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await client.get(`/api/v1/conversations?limit=100${query}`);
    for (const { title } of page.items) titles.add(title);
    cursor = page.next_cursor;
  }
  return titles;
}

/** The promise that every test of writes holds: what was acknowledged is there. */
export async function assertKept(client: Client, acknowledged: Iterable<string>): Promise<void> {
  const kept = await allTitles(client);
  const lost = [...acknowledged].filter((title) => !kept.has(title));
  assert.deepEqual(lost, [], "an acknowledged write is gone");
}
