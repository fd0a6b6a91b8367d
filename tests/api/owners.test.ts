/*
 * Whose is it? Every route of the OpenAPI document is tried without credentials, and every one with an id by a second
 * user, on an object that is there. A new route with a new kind of path or body fails here until it is named below.
 */
import assert from "node:assert/strict";
import { before, describe } from "node:test";

import { isGuarded, type Operation } from "./lib/contract.ts";
import type { Conversation, Message } from "./lib/types.ts";
import { ada, contract, grace, nobody, unknownId } from "./lib/world.ts";
import { test } from "./lib/test.ts";

/** A body that the route would accept of the owner. */
const bodies: Record<string, unknown> = {
  "POST /api/v1/conversations": {},
  "PATCH /api/v1/conversations/{id}": { title: "taken over" },
  "POST /api/v1/conversations/{id}/messages": { content: "taken over" },
};

let conversation: Conversation;
let message: Message;

/** The owner's object that a path is about. */
const objects: Record<string, () => string> = {
  "/api/v1/conversations/{id}": () => conversation.id,
  "/api/v1/messages/{id}": () => message.id,
};

const name = (operation: Operation): string => `${operation.method} ${operation.path}`;
const withId = (operation: Operation, id: string): string =>
  operation.path.replace("{id}", encodeURIComponent(id));
const hasId = (operation: Operation): boolean => operation.path.includes("{id}");

function call(client: typeof ada, operation: Operation, id: string) {
  const body = bodies[name(operation)];
  return client.call(operation.method, withId(operation, id), body === undefined ? {} : { body });
}

function objectOf(operation: Operation): string {
  const prefix = Object.keys(objects).find((path) => operation.path.startsWith(path));
  assert.ok(prefix, `${name(operation)}: say in owners.test.ts whose object this is`);
  return objects[prefix]!();
}

describe("every route", () => {
  before(async () => {
    conversation = await ada.conversation({ title: "hers" });
    const turn = await ada.send(conversation, "hers alone");
    message = await ada.finished(turn.assistant_message.id);
  });

  for (const operation of contract.operations.filter(isGuarded)) {
    test(`${name(operation)} asks who is there`, async () => {
      if (operation.requestBody !== undefined)
        assert.ok(name(operation) in bodies, "say in owners.test.ts what a valid body is");
      const id = hasId(operation) ? objectOf(operation) : "";
      assert.equal((await call(nobody(), operation, id)).status, 401);
      const stale = nobody();
      stale.token = `${ada.token.slice(0, -2)}AA`;
      assert.equal((await call(stale, operation, id)).status, 401);
    });

    if (!hasId(operation)) continue;
    test(`${name(operation)} hides what is another user's`, async () => {
      const theirs = await call(grace, operation, objectOf(operation));
      const unknown = await call(grace, operation, unknownId);
      const malformed = await call(grace, operation, "no-id");
      for (const reply of [theirs, unknown, malformed]) {
        assert.equal(reply.status, 404, reply.text);
        const { request_id: _, ...problem } = reply.json;
        const { request_id: __, ...expected } = unknown.json;
        assert.deepEqual(problem, expected, "the same answer as for what is not there");
      }
    });
  }

  test("left the owner’s objects as they were", async () => {
    const kept = (await ada.get(`/api/v1/conversations/${conversation.id}`)) as Conversation;
    assert.equal(kept.title, "hers");
    assert.deepEqual(await ada.message(message.id), message);
    assert.equal((await ada.messages(conversation, "?tree=true")).items.length, 2);
  });
});
