/* The promise: a write that was acknowledged is there after kill -9, whenever that comes. */
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Server } from "../api/lib/server.ts";
import type { Client } from "../api/lib/client.ts";
import { test } from "../api/lib/test.ts";
import { assertKept, signIn, soaking } from "./lib.ts";

const rounds = soaking ? 300 : 4;
const writers = 8;

describe("kill -9 in the middle of writes", () => {
  const acknowledged = new Set<string>();
  let server: Server;
  let client: Client;

  before(async () => {
    server = await Server.start();
    client = await signIn(server);
  });
  after(() => server.remove());

  /** Writes until the server is gone. */
  async function write(prefix: string, onAcknowledged: () => void): Promise<void> {
    for (let i = 0; ; i++) {
      const title = `${prefix}, number ${i}`;
      try {
        await client.conversation({ title });
      } catch (error) {
        assert.ok(error instanceof TypeError, String(error)); // the connection broke
        return;
      }
      acknowledged.add(title);
      onAcknowledged();
    }
  }

  for (let round = 1; round <= rounds; round++)
    test(`round ${round}: nothing that was acknowledged is lost`, async () => {
      const enough = 5 + ((round * 13) % 60);
      let written = 0;
      let kill: Promise<unknown> | undefined;
      const onAcknowledged = (): void => {
        if (++written === enough) kill = server.end("SIGKILL");
      };
      await Promise.all(
        Array.from({ length: writers }, (_, i) => write(`${round}.${i}`, onAcknowledged)),
      );
      await kill;
      await server.run();
      client = await signIn(server);
      await assertKept(client, acknowledged);
    });
});
