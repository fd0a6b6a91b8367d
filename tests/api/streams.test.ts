import assert from "node:assert/strict";
import { before, describe } from "node:test";

import type { Client } from "./lib/client.ts";
import type { ServerEvent } from "./lib/events.ts";
import type { Conversation, Message, Turn } from "./lib/types.ts";
import { type Chat, model } from "./lib/upstream.ts";
import { ada, upstream } from "./lib/world.ts";
import { test } from "./lib/test.ts";

interface Delta {
  seq: number;
  text: string;
}

const delta = (event: ServerEvent): Delta => JSON.parse(event.data) as Delta;
const textOf = (deltas: Delta[]): string => deltas.map((each) => each.text).join("");
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A question to the scripted upstream, which waits for the test to tell what it answers. */
async function ask(
  client: Client = ada,
  conversation?: Conversation,
): Promise<{ turn: Turn; chat: Chat; id: string }> {
  conversation ??= await client.conversation({ model_id: model });
  const arrives = upstream.nextChat();
  const turn = await client.send(conversation, "Say something");
  return { turn, chat: await arrives, id: turn.assistant_message.id };
}

/** Reads deltas until their texts make up `text`. */
async function readUntil(stream: AsyncIterator<ServerEvent>, text: string): Promise<Delta[]> {
  const deltas: Delta[] = [];
  while (textOf(deltas) !== text) {
    const { value, done } = await stream.next();
    assert.ok(
      !done && value.event === "delta",
      `after ${JSON.stringify(textOf(deltas))} came ${JSON.stringify(value)}`,
    );
    deltas.push(delta(value));
    assert.ok(
      text.startsWith(textOf(deltas)),
      `${JSON.stringify(textOf(deltas))} begins ${JSON.stringify(text)}`,
    );
  }
  return deltas;
}

async function readRest(
  stream: AsyncIterator<ServerEvent>,
): Promise<{ deltas: Delta[]; message: Message }> {
  const deltas: Delta[] = [];
  for (;;) {
    const { value, done } = await stream.next();
    assert.ok(!done, 'the stream ended without "done"');
    if (value.event === "done") {
      assert.ok((await stream.next()).done, 'nothing follows "done"');
      return { deltas, message: JSON.parse(value.data) as Message };
    }
    deltas.push(delta(value));
  }
}

describe("an answer", () => {
  test("is shown as it grows: deltas alone, numbered without a gap, each with its id", async () => {
    const { chat, id } = await ask();
    const stream = ada.events(id);
    chat.say("Hello");
    const first = await readUntil(stream, "Hello");
    chat.say(", ");
    chat.say("wörld 🎉");
    const second = await readUntil(stream, ", wörld 🎉");
    chat.end();
    const { deltas, message } = await readRest(stream);
    assert.deepEqual(deltas, []);
    assert.equal(message.status, "complete");
    assert.equal(message.content, "Hello, wörld 🎉");
    assert.deepEqual(
      [...first, ...second].map((each) => each.seq),
      numbers(1, message.seq),
    );
  });

  test("has its numbers as ids of the events", async () => {
    const { chat, id } = await ask();
    chat.say("one");
    chat.end();
    for await (const event of ada.events(id)) {
      const data = JSON.parse(event.data) as { seq: number };
      if (event.event === "delta") assert.equal(event.id, String(data.seq));
    }
  });

  test("sends the upstream what was said before, on the active branch", async () => {
    const conversation = await ada.conversation({ model_id: model });
    const one = await ask(ada, conversation);
    one.chat.say("Answer one");
    one.chat.end();
    await ada.finished(one.id);
    const two = await ask(ada, conversation);
    assert.equal(two.chat.model, model.slice(model.indexOf("/") + 1));
    assert.deepEqual(
      two.chat.messages.filter((message) => message.role !== "system"),
      [
        { role: "user", content: "Say something" },
        { role: "assistant", content: "Answer one" },
        { role: "user", content: "Say something" },
      ],
    );
    two.chat.end();
    await ada.finished(two.id);
  });

  test("can be asked for while it grows, and tells how far it is", async () => {
    const { chat, id } = await ask();
    const stream = ada.events(id);
    chat.say("committed");
    const seen = await readUntil(stream, "committed");
    const message = await ada.message(id);
    assert.equal(message.status, "streaming");
    assert.equal(message.content, "committed");
    assert.equal(message.seq, seen.at(-1)!.seq);
    assert.equal(message.completed_at, null);
    chat.end();
    await readRest(stream);
  });

  test("goes on when the reader leaves", async () => {
    const { chat, id } = await ask();
    const gone = new AbortController();
    const stream = ada.events(id, undefined, gone.signal);
    chat.say("before ");
    await readUntil(stream, "before ");
    gone.abort();
    chat.say("and after");
    chat.end();
    const message = await ada.finished(id);
    assert.equal(message.content, "before and after");
    assert.equal(message.status, "complete");
  });
});

describe("a reader who comes back", () => {
  test("over SSE gets exactly what comes after its Last-Event-ID", async () => {
    const { chat, id } = await ask();
    const stream = ada.events(id);
    chat.say("one ");
    const one = await readUntil(stream, "one ");
    chat.say("two ");
    const two = await readUntil(stream, "two ");
    const late = ada.events(id, one.at(-1)!.seq);
    assert.deepEqual(await readUntil(late, "two "), two);
    chat.say("three");
    const three = await readUntil(late, "three");
    assert.deepEqual(await readUntil(stream, "three"), three);
    chat.end();
    await readRest(stream);
    const { message } = await readRest(late);
    const again = await readRest(ada.events(id, two.at(-1)!.seq));
    assert.deepEqual(again, { deltas: three, message });
    assert.deepEqual((await readRest(ada.events(id))).deltas, [...one, ...two, ...three]);
    assert.deepEqual((await readRest(ada.events(id, message.seq))).deltas, []);
    assert.deepEqual((await readRest(ada.events(id, message.seq + 1000))).deltas, []);
  });

  test("with a Last-Event-ID that is no number is told so", async () => {
    const { chat, id } = await ask();
    chat.end();
    await ada.finished(id);
    for (const value of ["x", "-1", "1.5", "99999999999999999999"]) {
      const reply = await ada.call("GET", `/api/v1/messages/${id}/events`, {
        headers: { "last-event-id": value },
      });
      assert.equal(reply.status, 422, value);
    }
  });

  test("over WebSocket, again and again, has no gap and nothing twice", async () => {
    const { chat, id } = await ask();
    const topic = `message:${id}`;
    const got: Delta[] = [];
    const words = Array.from({ length: 120 }, (_, i) => `word${i} `);
    let spoken = 0;
    for (;;) {
      const socket = await ada.webSocket();
      socket.send({ type: "subscribe", topic, seq: got.at(-1)?.seq ?? 0 });
      await socket.nextOf("subscribed");
      // A few words, of which some are read before the line breaks.
      for (const word of words.slice(spoken, spoken + 17)) chat.say(word);
      spoken = Math.min(spoken + 17, words.length);
      if (spoken === words.length) chat.end();
      let event = await socket.next();
      for (let left = 9; event.type === "delta" && (left > 0 || spoken === words.length); left--) {
        got.push({ seq: event.seq, text: event.text });
        event = await socket.next();
      }
      socket.drop();
      if (event.type === "done") break;
    }
    assert.equal(textOf(got), words.join(""));
    assert.deepEqual(
      got.map((each) => each.seq),
      numbers(1, got.length),
    );
  });

  test("over both at once sees the same", async () => {
    const { chat, id } = await ask();
    const socket = await ada.webSocket();
    await socket.ask({ type: "subscribe", topic: `message:${id}` });
    const stream = ada.events(id);
    for (const word of ["a", "b", "c", "d"]) chat.say(word);
    chat.end();
    const { deltas, message } = await readRest(stream);
    const heard: Delta[] = [];
    for (let event = await socket.next(); event.type === "delta"; event = await socket.next())
      heard.push({ seq: event.seq, text: event.text });
    assert.deepEqual(heard, deltas);
    assert.equal(textOf(deltas), message.content);
    await socket.close();
  });

  test("over both comes the end of an answer each letter of which takes six in JSON", async () => {
    const { chat, id } = await ask();
    const piece = "\u0001".repeat(100_000);
    for (let i = 0; i < 30; i++) chat.say(piece);
    chat.end();
    const { content, seq } = await ada.finished(id);
    assert.equal(content, piece.repeat(30));
    assert.equal((await readRest(ada.events(id, seq))).message.content, content);
    const socket = await ada.webSocket();
    socket.send({ type: "subscribe", topic: `message:${id}`, seq });
    assert.equal((await socket.nextOf("done")).message.content, content);
    await socket.close();
  });
});

describe("while a branch streams", () => {
  test("nothing else is added to it: 409", async () => {
    const { turn, chat, id } = await ask();
    const conversation = turn.user_message.conversation_id;
    const messages = `/api/v1/conversations/${conversation}/messages`;
    assert.equal(
      (await ada.refused(409, "POST", messages, { body: { content: "too early" } })).code,
      "conflict",
    );
    await ada.refused(409, "POST", messages, { body: { content: "too early", parent_id: id } });
    await ada.refused(409, "POST", `/api/v1/messages/${id}/regenerate`);
    await ada.refused(409, "POST", `/api/v1/messages/${id}/continue`);
    chat.end();
    await ada.finished(id);
    assert.equal(
      (await ada.messages({ id: conversation }, "?tree=true")).items.length,
      2,
      "nothing of it was kept",
    );
  });

  test("of two who send at once one is answered, the other told to wait", async () => {
    const conversation = await ada.conversation({ model_id: model });
    const arrives = upstream.nextChat();
    const replies = await Promise.all(
      ["one", "two"].map((content) =>
        ada.call("POST", `/api/v1/conversations/${conversation.id}/messages`, {
          body: { content },
        }),
      ),
    );
    assert.deepEqual(replies.map((reply) => reply.status).sort(), [202, 409]);
    (await arrives).end();
    await ada.finished(replies.find((reply) => reply.status === 202)!.json.assistant_message.id);
  });
});

describe("stop", () => {
  test("ends the answer with what was shown, and closes the connection to the upstream", async () => {
    const { chat, id } = await ask();
    const stream = ada.events(id);
    chat.say("shown");
    await readUntil(stream, "shown");
    const stopped = (await ada.post(`/api/v1/messages/${id}/stop`)) as Message;
    assert.equal(stopped.status, "stopped");
    assert.equal(stopped.content, "shown");
    assert.ok(stopped.completed_at);
    await chat.talkUntilClosed();
    const { message } = await readRest(stream);
    assert.deepEqual(message, stopped);
    assert.deepEqual(await ada.message(id), stopped);
    assert.deepEqual(
      await ada.post(`/api/v1/messages/${id}/stop`),
      stopped,
      "stopping twice changes nothing",
    );
  });

  test("before the first word leaves an empty answer", async () => {
    const { chat, id } = await ask();
    const stopped = (await ada.post(`/api/v1/messages/${id}/stop`)) as Message;
    assert.equal(stopped.status, "stopped");
    assert.equal(stopped.content, "");
    await chat.talkUntilClosed();
  });

  test("by many at once is confirmed to each", async () => {
    const { chat, id } = await ask();
    chat.say("x");
    const replies = await Promise.all(
      Array.from({ length: 4 }, () => ada.post(`/api/v1/messages/${id}/stop`)),
    );
    for (const reply of replies) assert.deepEqual(reply, replies[0]);
    assert.equal(replies[0].status, "stopped");
    await chat.talkUntilClosed();
  });

  test("of an answer that is complete leaves it so", async () => {
    const { chat, id } = await ask();
    chat.say("whole");
    chat.end();
    const message = await ada.finished(id);
    assert.deepEqual(await ada.post(`/api/v1/messages/${id}/stop`), message);
  });

  test("happens too when the conversation is deleted", async () => {
    const { turn, chat, id } = await ask();
    const stream = ada.events(id);
    chat.say("shown");
    await readUntil(stream, "shown");
    await ada.expect(204, "DELETE", `/api/v1/conversations/${turn.user_message.conversation_id}`);
    await chat.talkUntilClosed();
    await ada.post(`/api/v1/conversations/${turn.user_message.conversation_id}/restore`);
    const message = await ada.finished(id);
    assert.equal(message.status, "stopped");
    assert.equal(message.content, "shown");
  });
});

describe("continue", () => {
  let stopped: Message;

  before(async () => {
    const { chat, id } = await ask();
    const stream = ada.events(id);
    chat.say("The beginning");
    await readUntil(stream, "The beginning");
    stopped = (await ada.post(`/api/v1/messages/${id}/stop`)) as Message;
  });

  test("takes a stopped answer up where it ended: same message, next number", async () => {
    const arrives = upstream.nextChat();
    const going = (await ada.post(
      `/api/v1/messages/${stopped.id}/continue`,
      undefined,
      202,
    )) as Message;
    assert.equal(going.id, stopped.id);
    assert.equal(going.status, "streaming");
    assert.equal(going.content, "The beginning");
    assert.equal(going.seq, stopped.seq);
    const chat = await arrives;
    assert.ok(
      chat.messages.some(
        (message) => message.role === "assistant" && message.content === "The beginning",
      ),
    );
    chat.say(" and the end.");
    chat.end();
    const { deltas, message } = await readRest(ada.events(stopped.id, stopped.seq));
    assert.equal(message.status, "complete");
    assert.equal(message.content, "The beginning and the end.");
    assert.equal(textOf(deltas), " and the end.");
    assert.deepEqual(
      deltas.map((each) => each.seq),
      numbers(stopped.seq + 1, message.seq),
    );
    assert.equal(textOf((await readRest(ada.events(stopped.id))).deltas), message.content);
  });

  test("is not for an answer that is complete", async () => {
    assert.equal(
      (await ada.refused(409, "POST", `/api/v1/messages/${stopped.id}/continue`)).code,
      "conflict",
    );
  });
});
