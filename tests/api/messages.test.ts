import assert from "node:assert/strict";
import { describe } from "node:test";

import type { Conversation, Message, Page, Turn } from "./lib/types.ts";
import { ada, grace, unknownId } from "./lib/world.ts";
import { test } from "./lib/test.ts";

const messagesOf = (conversation: { id: string }): string =>
  `/api/v1/conversations/${conversation.id}/messages`;
const contents = (page: Page<Message>): string[] =>
  page.items.filter((item) => item.role === "user").map((item) => item.content);

async function say(
  conversation: { id: string },
  content: string,
  fields: Record<string, unknown> = {},
): Promise<Turn> {
  const turn = await ada.send(conversation, content, fields);
  turn.assistant_message = await ada.finished(turn.assistant_message.id);
  return turn;
}

describe("a message", () => {
  test("is answered by the built-in model from the documentation", async () => {
    const conversation = await ada.conversation();
    const turn = await ada.send(conversation, "How do I install Web+ on Debian?");
    assert.equal(turn.user_message.role, "user");
    assert.equal(turn.user_message.status, "complete");
    assert.equal(turn.user_message.parent_id, null);
    assert.equal(turn.assistant_message.role, "assistant");
    assert.equal(turn.assistant_message.status, "streaming");
    assert.equal(turn.assistant_message.parent_id, turn.user_message.id);
    assert.equal(turn.assistant_message.model_id, "webplus/guide");
    const answer = await ada.finished(turn.assistant_message.id);
    assert.equal(answer.status, "complete");
    assert.equal(answer.error, null);
    assert.ok(answer.content.length > 50);
    assert.match(answer.content, /installation/i);
    assert.ok(answer.seq > 0);
    assert.ok(answer.completed_at !== null && answer.completed_at >= answer.created_at);
    assert.deepEqual(await ada.message(answer.id), answer);
    const after = (await ada.get(`/api/v1/conversations/${conversation.id}`)) as Conversation;
    assert.equal(after.active_message_id, answer.id);
    assert.deepEqual(await ada.messages(conversation), {
      items: [turn.user_message, answer],
      next_cursor: null,
    });
  });

  test("keeps what was written, to the byte", async () => {
    const conversation = await ada.conversation();
    const content =
      " \tcode:\n```\nif (a < b && c > d) \"x\" \\ 'y' {}\n```\r\n🎉\u200d日本語 e\u0301 ";
    const reply = await ada.call("POST", messagesOf(conversation), { body: { content } });
    // A carriage return is a control character: it is kept or refused, but never changed.
    if (reply.status === 422) {
      const turn = await say(conversation, content.replaceAll("\r", ""));
      assert.equal((await ada.message(turn.user_message.id)).content, content.replaceAll("\r", ""));
      return;
    }
    assert.equal((await ada.message(reply.json.user_message.id)).content, content);
    await ada.finished(reply.json.assistant_message.id);
  });

  test("has 1 to 100 000 characters", async () => {
    const conversation = await ada.conversation();
    await ada.refused(422, "POST", messagesOf(conversation), { body: { content: "" } });
    await ada.refused(422, "POST", messagesOf(conversation), {
      body: { content: "x".repeat(100_001) },
    });
    const { user_message } = await say(conversation, "é".repeat(100_000));
    assert.equal((await ada.message(user_message.id)).content.length, 100_000);
  });

  test("names what is wrong with it", async () => {
    const conversation = await ada.conversation();
    const wrong: [unknown, string][] = [
      [{}, "content"],
      [{ content: null }, "content"],
      [{ content: 5 }, "content"],
      [{ content: ["x"] }, "content"],
      [{ content: "x", parent_id: "x" }, "parent_id"],
      [{ content: "x", parent_id: unknownId }, "parent_id"],
      [{ content: "x", model_id: "no/such" }, "model_id"],
      [{ content: "x", role: "assistant" }, "role"],
      [{ content: "x", seq: 1 }, "seq"],
    ];
    for (const [body, field] of wrong) {
      const problem = await ada.refused(422, "POST", messagesOf(conversation), { body });
      assert.deepEqual(
        problem.errors?.map((error) => error.field),
        [field],
        JSON.stringify(body),
      );
    }
    assert.deepEqual((await ada.messages(conversation)).items, [], "nothing of it was kept");
  });
});

describe("branches", () => {
  test("grow from any message, and the list shows the active one", async () => {
    const conversation = await ada.conversation();
    const first = await say(conversation, "one");
    const second = await say(conversation, "two");
    assert.equal(second.user_message.parent_id, first.assistant_message.id);
    assert.deepEqual(contents(await ada.messages(conversation)), ["one", "two"]);

    const edited = await say(conversation, "two, edited", {
      parent_id: first.assistant_message.id,
    });
    assert.equal(edited.user_message.parent_id, first.assistant_message.id);
    assert.deepEqual(contents(await ada.messages(conversation)), ["one", "two, edited"]);

    const tree = await ada.messages(conversation, "?tree=true&limit=100");
    assert.equal(tree.items.length, 6);
    assert.deepEqual(
      tree.items.map((item) => item.id),
      tree.items.map((item) => item.id).sort(),
    );
  });

  test("are walked by choosing the active message", async () => {
    const conversation = await ada.conversation();
    const first = await say(conversation, "one");
    const second = await say(conversation, "two");
    await say(conversation, "three", { parent_id: first.assistant_message.id });
    const back = await ada.expect(200, "PATCH", `/api/v1/conversations/${conversation.id}`, {
      body: { active_message_id: second.assistant_message.id },
    });
    assert.equal(back.active_message_id, second.assistant_message.id);
    assert.deepEqual(contents(await ada.messages(conversation)), ["one", "two"]);
    const next = await say(conversation, "four");
    assert.equal(next.user_message.parent_id, second.assistant_message.id);
  });

  test("are told of where they fork, to their owner alone", async () => {
    const conversation = await ada.conversation();
    const forks = `/api/v1/conversations/${conversation.id}/forks`;
    const first = await say(conversation, "one");
    const second = await say(conversation, "two");
    assert.deepEqual(await ada.get(forks), { items: [], next_cursor: null });
    const edited = await say(conversation, "two, edited", {
      parent_id: first.assistant_message.id,
    });
    const again = await say(conversation, "one, edited", { parent_id: null });
    assert.equal(again.user_message.parent_id, null);
    assert.deepEqual(contents(await ada.messages(conversation)), ["one, edited"]);
    const expected = [first, second, edited, again].map(({ user_message }) => ({
      id: user_message.id,
      parent_id: user_message.parent_id,
    }));
    assert.deepEqual((await ada.get(forks)).items, expected);
    const page = await ada.get(`${forks}?limit=3`);
    assert.deepEqual(page.items, expected.slice(0, 3));
    const rest = await ada.get(`${forks}?limit=3&cursor=${String(page.next_cursor)}`);
    assert.deepEqual(rest, { items: expected.slice(3), next_cursor: null });
    await grace.refused(404, "GET", forks);
  });

  test("are shown to what was said last below the message that is chosen", async () => {
    const conversation = await ada.conversation();
    const at = `/api/v1/conversations/${conversation.id}`;
    const first = await say(conversation, "one");
    const second = await say(conversation, "two");
    await say(conversation, "other", { parent_id: null });
    const through_message_id = first.user_message.id;
    const chosen = await ada.expect(200, "PATCH", at, { body: { through_message_id } });
    assert.equal(chosen.active_message_id, second.assistant_message.id);
    assert.deepEqual(contents(await ada.messages(conversation)), ["one", "two"]);
    const elsewhere = await ada.conversation();
    for (const [target, body] of [
      [at, { through_message_id, active_message_id: through_message_id }],
      [at, { through_message_id: unknownId }],
      [`/api/v1/conversations/${elsewhere.id}`, { through_message_id }],
    ] as const) {
      const refused = await ada.refused(422, "PATCH", target, { body });
      assert.deepEqual(
        refused.errors?.map(({ field }) => field),
        ["through_message_id"],
      );
    }
    await grace.refused(404, "PATCH", at, { body: { through_message_id } });
  });

  test("do not reach into another conversation", async () => {
    const conversation = await ada.conversation();
    const other = await say(await ada.conversation(), "elsewhere");
    const parent = await ada.refused(422, "POST", messagesOf(conversation), {
      body: { content: "x", parent_id: other.assistant_message.id },
    });
    assert.deepEqual(
      parent.errors?.map((error) => error.field),
      ["parent_id"],
    );
    const active = await ada.refused(422, "PATCH", `/api/v1/conversations/${conversation.id}`, {
      body: { active_message_id: other.assistant_message.id },
    });
    assert.deepEqual(
      active.errors?.map((error) => error.field),
      ["active_message_id"],
    );
  });

  test("nor into another user’s", async () => {
    const hers = await say(await ada.conversation(), "hers");
    const conversation = await grace.conversation();
    const stranger = { content: "x", parent_id: hers.assistant_message.id };
    const unknown = { content: "x", parent_id: unknownId };
    const one = await grace.refused(422, "POST", messagesOf(conversation), { body: stranger });
    const two = await grace.refused(422, "POST", messagesOf(conversation), { body: unknown });
    assert.deepEqual(one.errors, two.errors, "as if it did not exist");
  });

  test("are made by regenerating: a sibling that becomes the active one", async () => {
    const conversation = await ada.conversation();
    const { user_message, assistant_message } = await say(conversation, "again");
    const sibling = (await ada.post(
      `/api/v1/messages/${assistant_message.id}/regenerate`,
      undefined,
      202,
    )) as Message;
    assert.notEqual(sibling.id, assistant_message.id);
    assert.equal(sibling.parent_id, user_message.id);
    assert.equal(sibling.status, "streaming");
    await ada.finished(sibling.id);
    assert.deepEqual(
      (await ada.messages(conversation)).items.map((item) => item.id),
      [user_message.id, sibling.id],
    );
    assert.equal((await ada.messages(conversation, "?tree=true")).items.length, 3);
    assert.equal((await ada.message(assistant_message.id)).content, assistant_message.content);
  });

  test("are not regenerated from what a user wrote", async () => {
    const { user_message } = await say(await ada.conversation(), "mine");
    await ada.refused(409, "POST", `/api/v1/messages/${user_message.id}/regenerate`);
    await ada.refused(409, "POST", `/api/v1/messages/${user_message.id}/continue`);
  });
});

describe("the messages of a conversation", () => {
  test("come in pages from either end", async () => {
    const conversation = await ada.conversation();
    for (const word of ["one", "two", "three"]) await say(conversation, word);
    const whole = (await ada.messages(conversation)).items;
    assert.equal(whole.length, 6);

    const walk = async (order: string): Promise<Message[]> => {
      const seen: Message[] = [];
      let page = await ada.messages(conversation, `?limit=4&order=${order}`);
      assert.equal(page.items.length, 4);
      for (;;) {
        seen.push(...page.items);
        if (page.next_cursor === null) return seen;
        page = await ada.messages(
          conversation,
          `?limit=4&order=${order}&cursor=${encodeURIComponent(page.next_cursor)}`,
        );
      }
    };
    assert.deepEqual(await walk("asc"), whole);
    assert.deepEqual(await walk("desc"), whole.toReversed());
    for (const query of ["?order=up", "?tree=maybe", "?limit=0", "?cursor=x"])
      await ada.refused(422, "GET", messagesOf(conversation) + query);
  });
});

describe("Idempotency-Key", () => {
  const post = (conversation: { id: string }, key: string, content: string) =>
    ada.call("POST", messagesOf(conversation), {
      body: { content },
      headers: { "idempotency-key": key },
    });

  test("makes a repeated POST answer as the first did", async () => {
    const conversation = await ada.conversation();
    const first = await post(conversation, "key-1", "once");
    assert.equal(first.status, 202);
    assert.equal(first.headers.get("idempotency-replayed"), null);
    await ada.finished(first.json.assistant_message.id);
    const second = await post(conversation, "key-1", "once");
    assert.equal(second.status, 202);
    assert.equal(second.headers.get("idempotency-replayed"), "true");
    assert.deepEqual(second.json, first.json, "though the answer has ended meanwhile");
    assert.equal((await ada.messages(conversation)).items.length, 2);
  });

  test("refuses another body under the same key", async () => {
    const conversation = await ada.conversation();
    const first = await post(conversation, "key-2", "once");
    await ada.finished(first.json.assistant_message.id);
    assert.equal((await post(conversation, "key-2", "twice")).status, 422);
    const elsewhere = await post(await ada.conversation(), "key-2", "once");
    assert.equal(elsewhere.status, 422, "another path is another request");
  });

  test("makes one message of many that come at once", async () => {
    const conversation = await ada.conversation();
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => post(conversation, "key-3", "at once")),
    );
    for (const reply of replies) assert.equal(reply.status, 202, reply.text);
    assert.equal(new Set(replies.map((reply) => reply.json.user_message.id)).size, 1);
    await ada.finished(replies[0]!.json.assistant_message.id);
    assert.equal((await ada.messages(conversation)).items.length, 2);
  });

  test("is each user’s own", async () => {
    const mine = await ada.conversation();
    const hers = await grace.conversation();
    const one = await post(mine, "shared", "mine");
    const two = await grace.call("POST", messagesOf(hers), {
      body: { content: "hers" },
      headers: { "idempotency-key": "shared" },
    });
    assert.equal(two.status, 202);
    assert.equal(two.json.user_message.content, "hers");
    await ada.finished(one.json.assistant_message.id);
    await grace.finished(two.json.assistant_message.id);
  });

  test("has 1 to 100 visible characters", async () => {
    const conversation = await ada.conversation();
    assert.equal((await post(conversation, "k".repeat(101), "x")).status, 422);
    assert.equal((await post(conversation, "two words", "x")).status, 422);
  });
});
