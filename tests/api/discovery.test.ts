/* Model servers on the usual ports of this machine, of which the server itself may have one. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSocketServer } from "node:net";
import { describe } from "node:test";

import { Client } from "./lib/client.ts";
import { Server } from "./lib/server.ts";
import type { Page } from "./lib/types.ts";
import { contract } from "./lib/world.ts";
import { test } from "./lib/test.ts";

/** Where llama.cpp and LM Studio listen, and this server might. */
const ownPorts = [8081, 8080];
const lmstudioPort = 1234;

async function isFree(port: number): Promise<boolean> {
  const probe = createSocketServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

async function firstFree(ports: number[]): Promise<number | undefined> {
  for (const port of ports) if (await isFree(port)) return port;
  return undefined;
}

async function lists(client: Client, id: string): Promise<boolean> {
  const { items } = (await client.get("/api/v1/models")) as Page<{ id: string }>;
  return items.some((model) => model.id === id);
}

describe("discovery", () => {
  test("finds a server that starts after this one, and does not ask this one", async (context) => {
    const port = await firstFree(ownPorts);
    if (port === undefined || !(await isFree(lmstudioPort))) {
      context.skip("somebody else has the ports");
      return;
    }
    const server = await Server.start({
      listen: `127.0.0.1:${port}`,
      env: { WEBPLUS_DISCOVER: "true", WEBPLUS_ACCESS_LOG: "true" },
    });
    const lmstudio = createServer((request, response) => {
      response.end(request.url === "/v1/models" ? JSON.stringify({ data: [{ id: "late" }] }) : "");
    });
    try {
      const client = new Client(server.url, contract);
      const body = {
        token: server.setupToken,
        username: "ada",
        email: "ada@example.org",
        password: "correct horse battery",
      };
      client.takeSession(await client.call("POST", "/api/v1/setup", { body }));
      const socket = await client.webSocket();
      socket.send({ type: "subscribe", topic: "models" });
      assert.equal((await socket.next())["type"], "subscribed");
      await once(lmstudio.listen(lmstudioPort, "127.0.0.1"), "listening");
      do assert.equal((await socket.next())["type"], "models");
      while (!(await lists(client, "lmstudio/late")));
      socket.drop();
      const page = server.output.filter((line) => line.includes('"/{path...}"'));
      assert.deepEqual(page, [], "it asked itself for /v1/models");
    } finally {
      lmstudio.closeAllConnections();
      lmstudio.close();
      await server.remove();
    }
  });
});
