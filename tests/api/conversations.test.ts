import assert from "node:assert/strict";
import { describe } from "node:test";

import type { Conversation, Page } from "./lib/types.ts";
import { ada, grace, unknownId } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const list = "/api/v1/conversations";
const at = (conversation: { id: string }): string => `${list}/${conversation.id}`;

describe("models", () => {
  test("are listed, the built-in one among them and ready", async () => {
    const page = (await ada.get("/api/v1/models")) as Page<Record<string, unknown>>;
    const guide = page.items.find((model) => model["id"] === "webplus/guide");
    assert.equal(guide?.["name"], "Web+ Guide");
    assert.equal(guide["provider"], "webplus");
    assert.equal(guide["status"], "ready");
    assert.equal(guide["detail"], null);
  });
});

describe("a conversation", () => {
  test("starts empty, with the built-in model", async () => {
    const conversation = await ada.conversation();
    assert.equal(conversation.title, "");
    assert.equal(conversation.model_id, "webplus/guide");
    assert.equal(conversation.active_message_id, null);
    assert.equal(conversation.created_at, conversation.updated_at);
    assert.ok(Math.abs(Date.parse(conversation.created_at) - Date.now()) < 60_000);
    assert.deepEqual(await ada.get(at(conversation)), conversation);
    assert.deepEqual(await ada.messages(conversation), { items: [], next_cursor: null });
  });

  test("takes a title of any script, up to 200 characters", async () => {
    const title = "日本語 — Ωmega 🎉 ".padEnd(190, "é");
    assert.equal((await ada.conversation({ title })).title, title);
    await ada.refused(422, "POST", list, { body: { title: "x".repeat(201) } });
    await ada.refused(422, "POST", list, { body: { title: "two\nlines" } });
  });

  test("refuses a model that does not exist, and every wrong field at once", async () => {
    const unknown = await ada.refused(422, "POST", list, { body: { model_id: "no/such" } });
    assert.deepEqual(
      unknown.errors?.map((error) => error.field),
      ["model_id"],
    );
    const many = await ada.refused(422, "POST", list, {
      body: { title: 7, model_id: null, colour: "red" },
    });
    assert.deepEqual(many.errors?.map((error) => error.field).sort(), [
      "colour",
      "model_id",
      "title",
    ]);
  });

  test("gets its title from the first line of its first message", async () => {
    const conversation = await ada.conversation();
    const { assistant_message } = await ada.send(
      conversation,
      "  How do I install it?\nOn Debian.",
    );
    await ada.finished(assistant_message.id);
    assert.equal((await ada.get(at(conversation))).title, "How do I install it?");
    const named = await ada.conversation({ title: "Mine" });
    const turn = await ada.send(named, "Something else");
    await ada.finished(turn.assistant_message.id);
    assert.equal((await ada.get(at(named))).title, "Mine");
  });

  test("gets a title that it could be given, whatever its first message holds", async () => {
    const titles: [content: string, title: string][] = [
      ["\u200f\u202eHello\u2066 \u{e0041}wor\u061cld\u200e\nmore", "Hello world"],
      ["\u200b\n\u2060 # \ufeffSecond", "Second"],
      ["می\u200cخواهم \u{1f469}\u200d\u{1f4bb}", "می\u200cخواهم \u{1f469}\u200d\u{1f4bb}"],
      ["\u200b\u3164\u200f", ""],
    ];
    for (const [content, title] of titles) {
      const conversation = await ada.conversation();
      await ada.finished((await ada.send(conversation, content)).assistant_message.id);
      assert.equal((await ada.get(at(conversation))).title, title, JSON.stringify(content));
      if (title !== "") await ada.expect(200, "PATCH", at(conversation), { body: { title } });
    }
  });

  test("is changed field by field: what is absent stays", async () => {
    const conversation = await ada.conversation({ title: "Before" });
    const renamed = await ada.expect(200, "PATCH", at(conversation), { body: { title: "After" } });
    assert.equal(renamed.title, "After");
    assert.equal(renamed.model_id, conversation.model_id);
    assert.ok(renamed.updated_at >= conversation.updated_at);
    const same = await ada.expect(200, "PATCH", at(conversation), { body: {} });
    assert.deepEqual(same, renamed);
    for (const body of [
      { title: "" },
      { title: null },
      { model_id: null },
      { model_id: "no/such" },
      { id: unknownId },
      { created_at: null },
    ])
      await ada.refused(422, "PATCH", at(conversation), { body });
  });

  test("is gone when it is deleted, with its messages, and comes back whole", async () => {
    const conversation = await ada.conversation({ title: "Deleted" });
    const { assistant_message, user_message } = await ada.send(conversation, "Hello");
    await ada.finished(assistant_message.id);
    const before = await ada.messages(conversation);
    await ada.expect(204, "DELETE", at(conversation));
    await ada.refused(404, "GET", at(conversation));
    await ada.refused(404, "PATCH", at(conversation), { body: { title: "x" } });
    await ada.refused(404, "DELETE", at(conversation));
    await ada.refused(404, "GET", `${at(conversation)}/messages`);
    await ada.refused(404, "POST", `${at(conversation)}/messages`, { body: { content: "x" } });
    await ada.refused(404, "GET", `/api/v1/messages/${user_message.id}`);
    await ada.refused(404, "GET", `/api/v1/messages/${assistant_message.id}/events`);
    await ada.refused(404, "POST", `/api/v1/messages/${assistant_message.id}/regenerate`);
    const listed = (await ada.get(`${list}?limit=100`)) as Page<Conversation>;
    assert.ok(!listed.items.some((item) => item.id === conversation.id));
    const restored = await ada.post(`${at(conversation)}/restore`);
    assert.equal(restored.title, "Deleted");
    assert.deepEqual(await ada.messages(conversation), before);
    await ada.get(`/api/v1/messages/${user_message.id}`);
  });

  test("is listed among the deleted ones, the last first, until it is restored", async () => {
    const [first, second] = [await ada.conversation(), await ada.conversation()];
    for (const conversation of [first, second]) {
      assert.equal(conversation.deleted_at, null);
      await ada.expect(204, "DELETE", at(conversation));
    }
    const bin = `${list}?deleted=true&limit=1`;
    const page = (await ada.get(bin)) as Page<Conversation>;
    assert.deepEqual(
      page.items.map(({ id }) => id),
      [second.id],
    );
    assert.ok(Math.abs(Date.parse(page.items[0]?.deleted_at ?? "") - Date.now()) < 60_000);
    const next = (await ada.get(`${bin}&cursor=${page.next_cursor}`)) as Page<Conversation>;
    assert.equal(next.items[0]?.id, first.id);
    const hers = (await grace.get(`${list}?deleted=true&limit=100`)) as Page<Conversation>;
    assert.ok(!hers.items.some(({ id }) => id === first.id || id === second.id));
    assert.equal((await ada.post(`${at(second)}/restore`)).deleted_at, null);
    assert.equal(((await ada.get(bin)) as Page<Conversation>).items[0]?.id, first.id);
  });

  test("is erased only once it was deleted, by its owner, and then is nowhere", async () => {
    const conversation = await ada.conversation({ title: "To be erased" });
    const { assistant_message } = await ada.send(conversation, "Hello");
    await ada.finished(assistant_message.id);
    const forGood = `${at(conversation)}?for_good=true`;
    await ada.refused(409, "DELETE", forGood);
    await ada.get(at(conversation));
    await ada.expect(204, "DELETE", at(conversation));
    await grace.refused(404, "DELETE", forGood);
    await ada.expect(204, "DELETE", forGood);
    await ada.refused(404, "DELETE", forGood);
    await ada.refused(404, "POST", `${at(conversation)}/restore`);
    const deleted = (await ada.get(`${list}?deleted=true&limit=100`)) as Page<Conversation>;
    assert.ok(!deleted.items.some(({ id }) => id === conversation.id));
  });

  test("that was not deleted cannot be restored into something else", async () => {
    const conversation = await ada.conversation({ title: "Alive" });
    const reply = await ada.call("POST", `${at(conversation)}/restore`);
    assert.ok([200, 404, 409].includes(reply.status), `${reply.status}`);
    assert.equal((await ada.get(at(conversation))).title, "Alive");
  });
});

describe("the list of conversations", () => {
  test("shows first where something was said last; a new name does not count", async () => {
    const older = await grace.conversation({ title: "older" });
    await grace.conversation({ title: "newer" });
    const titles = async (): Promise<string[]> =>
      ((await grace.get(`${list}?limit=2`)) as Page<Conversation>).items.map((item) => item.title);
    assert.deepEqual(await titles(), ["newer", "older"]);
    await grace.expect(200, "PATCH", at(older), { body: { title: "renamed" } });
    assert.deepEqual(await titles(), ["newer", "renamed"]);
    const turn = await grace.send(older, "Hello");
    await grace.finished(turn.assistant_message.id);
    assert.deepEqual(await titles(), ["renamed", "newer"]);
  });

  test("pages by key: nothing twice, nothing left out, while others are added", async () => {
    const made = new Set<string>();
    for (let i = 0; i < 7; i++) made.add((await grace.conversation({ title: `page ${i}` })).id);
    const seen: string[] = [];
    let page = (await grace.get(`${list}?limit=3`)) as Page<Conversation>;
    for (;;) {
      seen.push(...page.items.map((item) => item.id));
      if (page.next_cursor === null) break;
      await grace.conversation({ title: "meanwhile" });
      page = (await grace.get(
        `${list}?limit=3&cursor=${encodeURIComponent(page.next_cursor)}`,
      )) as Page<Conversation>;
    }
    assert.equal(new Set(seen).size, seen.length);
    for (const id of made) assert.ok(seen.includes(id));
  });

  test("is one’s own alone", async () => {
    const hers = await ada.conversation({ title: "private" });
    const page = (await grace.get(`${list}?limit=100`)) as Page<Conversation>;
    assert.ok(!page.items.some((item) => item.id === hers.id));
  });

  test("refuses limits and cursors that it did not give", async () => {
    for (const query of [
      "limit=0",
      "limit=101",
      "limit=-1",
      "limit=x",
      "limit=",
      "limit=1.5",
      "limit=5&limit=6",
      "cursor=x",
      "offset=5",
    ])
      await ada.refused(422, "GET", `${list}?${query}`);
  });

  test("does not take a cursor of another user for more than a place in the list", async () => {
    await ada.conversation();
    await ada.conversation();
    const { next_cursor } = (await ada.get(`${list}?limit=1`)) as Page<Conversation>;
    assert.ok(next_cursor);
    const reply = await grace.call(
      "GET",
      `${list}?limit=100&cursor=${encodeURIComponent(next_cursor)}`,
    );
    if (reply.status !== 200) return assert.equal(reply.status, 422);
    const own = new Set(
      ((await ada.get(`${list}?limit=100`)) as Page<Conversation>).items.map((item) => item.id),
    );
    assert.ok(!(reply.json as Page<Conversation>).items.some((item) => own.has(item.id)));
  });
});
