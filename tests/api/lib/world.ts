/*
 * What most tests share: one server, a scripted upstream that it asks, an administrator and a second user. Started when
 * the first test file is loaded, ended after the last test.
 */
import { after } from "node:test";

import { Upstream } from "./upstream.ts";
import { Client } from "./client.ts";
import { Contract } from "./contract.ts";
import { Server } from "./server.ts";

/** Well formed, and nobody's. */
export const unknownId = "01890000-0000-7000-8000-000000000000";

export const passwords = { ada: "correct horse battery", grace: "staple horse battery" };

export const upstream = await Upstream.start();

export const server = await Server.start({
  env: {
    WEBPLUS_OPENAI_URL: upstream.openaiUrl,
    WEBPLUS_OPENAI_API_KEY: "sk-test-upstream",
    WEBPLUS_OLLAMA_URL: upstream.ollamaUrl,
    WEBPLUS_GUIDE_WORDS_PER_SECOND: "5000",
  },
});

export const contract = new Contract(
  await (await fetch(`${server.url}/api/v1/openapi.json`)).json(),
);

export function nobody(): Client {
  return new Client(server.url, contract);
}

/** A new session of a user. */
export async function stranger(username: keyof typeof passwords): Promise<Client> {
  const client = nobody();
  await client.signIn(username, passwords[username]);
  return client;
}

async function setUp(): Promise<Client> {
  const client = nobody();
  const body = {
    token: server.setupToken,
    username: "ada",
    email: "ada@example.org",
    password: passwords.ada,
  };
  client.takeSession(await client.call("POST", "/api/v1/setup", { body }));
  return client;
}

/** The administrator. */
export const ada = await setUp();
await server.createUser("grace", passwords.grace);
/** A user like any other. */
export const grace = await stranger("grace");

after(async () => {
  await server.remove();
  await upstream.close();
});
