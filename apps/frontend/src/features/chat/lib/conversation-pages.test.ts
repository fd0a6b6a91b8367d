import { describe, expect, it } from "vitest";
import type { Conversation } from "@/api/types";
import {
  placeConversation,
  removeConversation,
  type ConversationPages,
} from "./conversation-pages";

function conversation(id: string, minute: number): Conversation {
  const at = `2026-11-23T10:${String(minute).padStart(2, "0")}:00.000Z`;
  return {
    id,
    title: id,
    model_id: "m",
    active_message_id: null,
    created_at: at,
    updated_at: at,
    deleted_at: null,
  };
}

const list: ConversationPages = {
  pages: [
    { items: [conversation("d", 40), conversation("c", 30)], next_cursor: "x" },
    { items: [conversation("b", 20)], next_cursor: "y" },
  ],
  pageParams: [null, "x"],
};

const ids = (data: ConversationPages) =>
  data.pages.flatMap(({ items }) => items.map(({ id }) => id));

describe("conversation pages", () => {
  it("put a new one first", () => {
    expect(ids(placeConversation(list, conversation("e", 50)))).toEqual(["e", "d", "c", "b"]);
  });

  it("move a touched one up, once", () => {
    expect(ids(placeConversation(list, conversation("b", 59)))).toEqual(["b", "d", "c"]);
  });

  it("put a restored one back where it was", () => {
    expect(ids(placeConversation(removeConversation(list, "c"), conversation("c", 30)))).toEqual([
      "d",
      "c",
      "b",
    ]);
  });

  it("leave one that is older than all loaded to its own page", () => {
    expect(ids(placeConversation(list, conversation("a", 1)))).toEqual(["d", "c", "b"]);
  });

  it("put it last when everything is loaded", () => {
    const whole = { ...list, pages: list.pages.map((page) => ({ ...page, next_cursor: null })) };
    expect(ids(placeConversation(whole, conversation("a", 1))).at(-1)).toBe("a");
  });
});
