/* Searching one's messages and titles: what is found, for whom, and in which order. */
import assert from "node:assert/strict";
import { before, describe } from "node:test";

import type { Client } from "./lib/client.ts";
import type { Conversation } from "./lib/types.ts";
import { ada, grace, nobody, unknownId, upstream } from "./lib/world.ts";
import { model } from "./lib/upstream.ts";
import { test } from "./lib/test.ts";

interface Result {
  conversation_id: string;
  conversation_title: string;
  message_id: string | null;
  found_in: "title" | "user" | "assistant";
  created_at: string;
  excerpt: { text: string; hit: boolean }[];
}

interface Found {
  items: Result[];
  next_cursor: string | null;
  complete: boolean;
}

const target = (q: string, more = ""): string => `/api/v1/search?q=${encodeURIComponent(q)}${more}`;
const search = (q: string, more = "", who: Client = ada): Promise<Found> =>
  who.get(target(q, more));

const textOf = (result: Result): string => result.excerpt.map(({ text }) => text).join("");
const hitsOf = (result: Result): string[] =>
  result.excerpt.filter(({ hit }) => hit).map(({ text }) => text);

async function say(content: string, who: Client = ada, title = "Untitled"): Promise<Conversation> {
  const conversation = await who.conversation({ title });
  const { assistant_message } = await who.send(conversation, content);
  await who.finished(assistant_message.id);
  return conversation;
}

/** Only what the user said: the answers of the built-in model quote the guides. */
async function found(q: string, more = "", who: Client = ada): Promise<string[]> {
  const { items, complete } = await search(q, `&kind=messages${more}`, who);
  assert.ok(complete);
  return items.filter(({ found_in }) => found_in === "user").map(textOf);
}

describe("a search", () => {
  test("finds a message by a word of it, with the words around", async () => {
    const conversation = await say("We met a wandering quokka near the lighthouse.");
    const { items, next_cursor, complete } = await search("QUOKKA", "&kind=messages");
    const mine = items.find(({ found_in }) => found_in === "user")!;
    assert.equal(mine.conversation_id, conversation.id);
    assert.equal(mine.conversation_title, "Untitled");
    assert.equal(textOf(mine), "We met a wandering quokka near the lighthouse.");
    assert.deepEqual(hitsOf(mine), ["quokka"]);
    assert.equal(next_cursor, null);
    assert.equal(complete, true);
    const message = await ada.message(mine.message_id!);
    assert.equal(message.conversation_id, conversation.id);
    assert.equal(message.created_at, mine.created_at);
  });

  test("finds an answer when it has ended, and what a continued one got", async () => {
    const chats = [upstream.nextChat(), upstream.nextChat()];
    const conversation = await ada.conversation({ model_id: model });
    const { assistant_message } = await ada.send(conversation, "tell me");
    const { id } = assistant_message;
    const first = await chats[0]!;
    first.say("An axolotl ");
    for await (const { event } of ada.events(id)) if (event === "delta") break;
    assert.deepEqual((await search("axolotl")).items, [], "it streams");
    await ada.post(`/api/v1/messages/${id}/stop`);
    const [stopped] = (await search("axolotl")).items;
    assert.equal(stopped!.message_id, id);
    assert.equal(stopped!.found_in, "assistant");
    await ada.post(`/api/v1/messages/${id}/continue`, undefined, 202);
    const second = await chats[1]!;
    second.say("and a capybara.");
    second.end();
    await ada.finished(id);
    const [continued] = (await search('"axolotl and a capybara"')).items;
    assert.equal(continued!.message_id, id);
  });

  test("does not find what a model thought before it answered, nor is that sent back", async () => {
    const conversation = await ada.conversation({ model_id: model });
    const ask = async (question: string, answer: string): Promise<unknown[]> => {
      const arrives = upstream.nextChat();
      const turn = await ada.send(conversation, question);
      const chat = await arrives;
      chat.say(answer);
      chat.end();
      await ada.finished(turn.assistant_message.id);
      return chat.messages;
    };
    await ask("A riddle", "<think>pangolins maybe</think>\n\nArmadillos certainly");
    const messages = await ask("Sure?", "Yes");
    assert.deepEqual(
      messages.map((message) => (message as { content: string }).content),
      ["A riddle", "Armadillos certainly", "Sure?"],
    );
    assert.equal((await ada.get(target("armadillos"))).items.length, 1);
    assert.equal((await ada.get(target("pangolins"))).items.length, 0);
  });

  test("asks for all words, in any order", async () => {
    await say("the marmot ate a persimmon");
    await say("the marmot slept");
    assert.deepEqual(await found("persimmon marmot"), ["the marmot ate a persimmon"]);
    assert.equal((await found("marmot")).length, 2);
    assert.deepEqual(await found("marmot persimmon nowhere"), []);
  });

  test("takes words in quotes as they follow each other", async () => {
    await say("a tin whistle, and a brass kettle");
    await say("a brass whistle");
    assert.deepEqual(await found('"brass whistle"'), ["a brass whistle"]);
    assert.deepEqual(await found('"brass kettle" tin'), ["a tin whistle, and a brass kettle"]);
    assert.deepEqual(await found('"whistle brass"'), []);
    assert.equal((await found("brass whistle")).length, 2);
  });

  test("does not tell case, width and accents apart", async () => {
    await say("Ça coûte cher au CAFÉ Ｚｅｎｉｔｈ");
    for (const q of ["café zenith", "CAFE", "cafe\u0301", "COUTE", "ＣＡＦＥ"])
      assert.equal((await found(q)).length, 1, q);
    assert.deepEqual(await found("caf"), [], "a word is whole");
  });

  test("finds what is written without spaces, and in other scripts", async () => {
    const texts: [text: string, hit: string[], miss: string[]][] = [
      ["私は東京都に住んでいます", ["東京", "東京都", "京都", "都"], ["都京", "大阪"]],
      ["서울에서 만나요", ["서울", "만나요"], ["부산"]],
      ["Широкая электрификация", ["широкая", "ЭЛЕКТРИФИКАЦИЯ"], ["широк"]],
      ["मेरा नाम कृष्ण है", ["कृष्ण"], ["कष्ण"]],
      ["אֲנִי גָּר בְּחֵיפָה", ["בחיפה"], ["חיפה"]],
      ["ฉันรักภาษาไทย", ["ภาษา"], ["อังกฤษ"]],
    ];
    for (const [text, hit, miss] of texts) {
      await say(text);
      for (const q of hit) assert.deepEqual(await found(q), [text], q);
      for (const q of miss) assert.deepEqual(await found(q), [], q);
    }
  });

  test("finds a title by the beginnings of its words, and a new one after it is given", async () => {
    const conversation = await ada.conversation({ title: "Budget of the Observatory" });
    for (const q of ["obs", "budg observatory", "bud obs", '"of the obs"']) {
      const { items } = await search(q, "&kind=titles");
      assert.deepEqual(
        items.map(({ conversation_id }) => conversation_id),
        [conversation.id],
        q,
      );
      assert.equal(items[0]!.message_id, null);
      assert.equal(items[0]!.found_in, "title");
      assert.equal(textOf(items[0]!), "Budget of the Observatory");
    }
    assert.deepEqual((await search("servatory", "&kind=titles")).items, []);
    await ada.expect(200, "PATCH", `/api/v1/conversations/${conversation.id}`, {
      body: { title: "Costs of the Planetarium" },
    });
    assert.deepEqual((await search("obs", "&kind=titles")).items, []);
    assert.equal((await search("planet", "&kind=titles")).items.length, 1);
  });

  test("finds a title that the first message gave", async () => {
    await say("heliotrope seeds, please", ada, "");
    const { items } = await search("helio");
    assert.deepEqual(
      items.map(({ found_in, conversation_title }) => [found_in, conversation_title]),
      [["title", "heliotrope seeds, please"]],
    );
  });

  test("pages, the latest first, each once", async () => {
    const texts = Array.from({ length: 7 }, (_, i) => `gyroscope number ${i}`);
    for (const text of texts) await say(text, ada, "Gyroscopes");
    const all: Result[] = [];
    let page = await search("gyroscope", "&limit=3");
    for (;;) {
      all.push(...page.items);
      assert.ok(page.complete);
      if (page.next_cursor === null) break;
      assert.equal(page.items.length, 3);
      page = await search("gyroscope", `&limit=3&cursor=${page.next_cursor}`);
    }
    assert.deepEqual(
      all.filter(({ found_in }) => found_in === "user").map(textOf),
      texts.toReversed(),
    );
    assert.equal(
      new Set(all.map((item) => item.message_id ?? item.conversation_id)).size,
      all.length,
    );
    const times = all.map(({ created_at }) => created_at);
    assert.deepEqual(times, times.toSorted().toReversed());
  });

  test("shows a part of a long text, on one line", async () => {
    const around = "Lorem ipsum dolor sit amet.\n\n".repeat(40);
    await say(`${around}Then the albatross came.\n${around}`);
    const { items } = await search("albatross", "&kind=messages");
    const excerpt = textOf(items.find(({ found_in }) => found_in === "user")!);
    assert.match(excerpt, /^….*Then the albatross came\. .*…$/u);
    assert.ok(excerpt.length < 320, excerpt);
  });

  test("does not find what was deleted, and finds it again when that was undone", async () => {
    const conversation = await say("a forgotten ocarina", ada, "Ocarinas");
    await ada.expect(204, "DELETE", `/api/v1/conversations/${conversation.id}`);
    assert.deepEqual((await search("ocarina")).items, []);
    await ada.expect(200, "POST", `/api/v1/conversations/${conversation.id}/restore`);
    assert.deepEqual(await found("ocarina"), ["a forgotten ocarina"]);
    assert.equal((await search("ocar", "&kind=titles")).items.length, 1);
  });
});

describe("a search is one’s own", () => {
  before(async () => {
    await say("a clandestine xylophone", ada, "Clandestine");
  });

  test("and finds nothing of another’s", async () => {
    assert.equal((await found("xylophone")).length, 1);
    assert.deepEqual((await search("xylophone", "", grace)).items, []);
    assert.deepEqual((await search("cland", "", grace)).items, []);
  });

  test("and a place in another’s list is but a time", async () => {
    const { next_cursor } = await search("xylophone clandestine", "&limit=1");
    await say("my own xylophone", grace);
    const page = await search("xylophone", next_cursor ? `&cursor=${next_cursor}` : "", grace);
    assert.ok(page.items.every(({ conversation_title }) => conversation_title === "Untitled"));
  });

  test("and needs the permission to read, which a key may have", async () => {
    assert.equal((await nobody().call("GET", target("xylophone"))).status, 401);
    const key = nobody();
    const scope = (name: string) => ada.post("/api/v1/api-keys", { name, scopes: [name] }, 201);
    key.token = (await scope("chat:read")).key;
    assert.equal((await found("xylophone", "", key)).length, 1);
    key.token = (await scope("chat:write")).key;
    await key.refused(403, "GET", target("xylophone"));
  });
});

describe("a search refuses", () => {
  test("what has no word, or too many", async () => {
    for (const q of ["", "...", '""', "x ".repeat(33).trim(), "x".repeat(201), "a\nb"])
      await ada.refused(422, "GET", target(q));
    await ada.refused(422, "GET", "/api/v1/search");
    assert.deepEqual((await search("qzx ".repeat(32).trim())).items, []);
  });

  test("places that no page gave, and wrong bounds", async () => {
    const minus = Buffer.from(`-1 ${unknownId}`).toString("base64url");
    for (const more of [
      "&cursor=nowhere",
      `&cursor=${minus}`,
      "&limit=0",
      "&limit=51",
      "&kind=files",
    ])
      await ada.refused(422, "GET", target("word", more));
  });
});
