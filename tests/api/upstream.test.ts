/*
 * An upstream that refuses, hangs, lies and stops in the middle: each becomes a typed error on the message, what came
 * before it is kept, and nothing of it is ever called complete.
 */
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Client } from "./lib/client.ts";
import { Server } from "./lib/server.ts";
import type { Message, Page } from "./lib/types.ts";
import { faults, model, ollamaModel } from "./lib/upstream.ts";
import { ada, contract, passwords, upstream } from "./lib/world.ts";
import { test } from "./lib/test.ts";

describe("outside models", () => {
  test("are listed with their provider", async () => {
    const page = (await ada.get("/api/v1/models?limit=100")) as Page<{
      id: string;
      provider: string;
      status: string;
    }>;
    const find = (id: string) => page.items.find((item) => item.id === id);
    assert.equal(find(model)?.provider, "openai");
    assert.equal(find(ollamaModel)?.provider, "ollama");
    assert.equal(find(model)?.status, "ready");
  });

  test("are asked with the key that was configured, which no answer shows", async () => {
    const arrives = upstream.nextChat();
    const { assistant_message } = await ada.send(
      await ada.conversation({ model_id: model }),
      "Hello",
    );
    const chat = await arrives;
    assert.equal(chat.authorization, "Bearer sk-test-upstream");
    chat.end();
    const message = await ada.finished(assistant_message.id);
    assert.ok(!JSON.stringify(message).includes("sk-test"));
  });
});

test("an upstream that is gone gives upstream_refused, and is asked again when it is back", async () => {
  const conversation = await ada.conversation({ model_id: model });
  await upstream.close();
  try {
    const { assistant_message } = await ada.send(conversation, "Are you there?");
    const message = await ada.finished(assistant_message.id);
    assert.equal(message.status, "failed");
    assert.equal(message.error?.code, "upstream_refused");
    await upstream.listen();
    const arrives = upstream.nextChat();
    await ada.post(`/api/v1/messages/${message.id}/continue`, undefined, 202);
    const chat = await arrives;
    chat.say("Back.");
    chat.end();
    assert.equal((await ada.finished(message.id)).content, "Back.");
  } finally {
    await upstream.listen().catch(() => {});
  }
});

/** One server waits so long for a model that hangs; the others are patient with a test that a busy machine holds up. */
const patience = { WEBPLUS_UPSTREAM_FIRST_BYTE_MS: "1500", WEBPLUS_UPSTREAM_STALL_MS: "1500" };

for (const kind of ["openai", "ollama"] as const)
  describe(`${kind}: an upstream`, () => {
    const id = kind === "openai" ? model : ollamaModel;
    let impatient: Server;
    let client: Client;

    before(async () => {
      const { openaiUrl, ollamaUrl } = upstream;
      const urls = { WEBPLUS_OPENAI_URL: openaiUrl, WEBPLUS_OLLAMA_URL: ollamaUrl };
      impatient = await Server.start({ env: { ...urls, ...patience } });
      client = new Client(impatient.url, contract);
      const { setupToken: token } = impatient;
      const body = { token, username: "ada", email: "ada@example.org", password: passwords.ada };
      client.takeSession(await client.call("POST", "/api/v1/setup", { body }));
    });
    after(() => impatient.remove());

    test("that answers well is complete", async () => {
      const arrives = upstream.nextChat();
      const { assistant_message } = await ada.send(
        await ada.conversation({ model_id: id }),
        "Hello",
      );
      const chat = await arrives;
      chat.say("All ");
      chat.say("well.");
      chat.end();
      const message = await ada.finished(assistant_message.id);
      assert.equal(message.status, "complete");
      assert.equal(message.content, "All well.");
    });

    for (const { what, fault, code, shown } of faults(kind))
      test(`${what} gives ${code}`, async () => {
        const hangs = code === "upstream_timeout" || code === "upstream_stalled";
        const asks = hangs ? client : ada;
        const arrives = upstream.nextChat();
        const { assistant_message } = await asks.send(
          await asks.conversation({ model_id: id }),
          "Hello",
        );
        const chat = await arrives;
        fault(chat);
        const message = await asks.finished(assistant_message.id);
        assert.equal(message.status, "failed");
        assert.equal(message.error?.code, code);
        assert.ok(message.error.detail.length > 10);
        assert.ok(!message.error.detail.includes("sk-test"));
        assert.equal(message.content, shown);
        assert.ok(message.completed_at);
        await chat.closed;

        const again = upstream.nextChat();
        const going = (await asks.post(
          `/api/v1/messages/${message.id}/continue`,
          undefined,
          202,
        )) as Message;
        assert.equal(going.error, null);
        const second = await again;
        second.say(" Well now.");
        second.end();
        const whole = await asks.finished(message.id);
        assert.equal(whole.status, "complete");
        assert.equal(whole.error, null);
        assert.equal(whole.content, `${shown} Well now.`);
      });
  });
