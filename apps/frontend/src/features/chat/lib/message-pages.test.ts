import { describe, expect, it } from "vitest";
import type { Message } from "@/api/types";
import {
  leafOf,
  mergeNewest,
  oldestFirst,
  pagesOf,
  placeMessage,
  replaceMessage,
  type MessagePages,
} from "./message-pages";

function message(id: string, parent_id: string | null): Message {
  return {
    id,
    parent_id,
    conversation_id: "c",
    role: "assistant",
    content: "",
    status: "complete",
    seq: 0,
    model_id: null,
    error: null,
    created_at: "2026-11-23T10:00:00.000Z",
    completed_at: null,
  };
}

const branch: MessagePages = {
  pages: [
    { items: [message("d", "c"), message("c", "b")], next_cursor: "x" },
    { items: [message("b", "a"), message("a", null)], next_cursor: null },
  ],
  pageParams: [null, "x"],
};

const ids = (data: MessagePages) => oldestFirst(data).map(({ id }) => id);

describe("message pages", () => {
  it("read from the oldest to the newest", () => {
    expect(ids(branch)).toEqual(["a", "b", "c", "d"]);
    expect(leafOf(branch)?.id).toBe("d");
  });

  it("take a new leaf at the end", () => {
    expect(ids(placeMessage(branch, message("e", "d")))).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("take the first message of an empty conversation", () => {
    expect(ids(placeMessage(pagesOf(), message("a", null)))).toEqual(["a"]);
  });

  it("replace the branch after the parent by a new sibling, across pages", () => {
    expect(ids(placeMessage(branch, message("d2", "c")))).toEqual(["a", "b", "c", "d2"]);
    expect(ids(placeMessage(branch, message("c2", "b")))).toEqual(["a", "b", "c2"]);
  });

  it("begin anew with another first message", () => {
    expect(placeMessage(branch, message("a2", null))).toEqual(pagesOf(message("a2", null)));
  });

  it("never hold a message twice", () => {
    const changed = { ...message("d", "c"), content: "new" };
    expect(ids(placeMessage(branch, changed))).toEqual(["a", "b", "c", "d"]);
    expect(leafOf(placeMessage(branch, changed))?.content).toBe("new");
  });

  it("stay as they are for messages of an unknown branch", () => {
    expect(placeMessage(branch, message("z", "y"))).toBe(branch);
    expect(replaceMessage(branch, message("z", "y"))).toBe(branch);
  });
});

describe("the newest page, fetched anew", () => {
  const ids = (data: MessagePages | null) => data && oldestFirst(data).map(({ id }) => id);

  it("comes before the older messages that are loaded, and they keep their cursor", () => {
    const newest = {
      items: [message("f", "e"), message("e", "d"), message("d", "c"), message("c", "b")],
      next_cursor: "y",
    };
    const merged = mergeNewest(branch, newest);
    expect(ids(merged)).toEqual([...oldestFirst(branch).map(({ id }) => id), "e", "f"]);
    expect(merged?.pages.at(-1)?.next_cursor).toBe(branch.pages.at(-1)?.next_cursor);
    expect(merged?.pages.length).toBe(merged?.pageParams.length);
  });

  it("takes away what is in another branch now", () => {
    const newest = { items: [message("z", "b"), message("b", "a")], next_cursor: "y" };
    expect(ids(mergeNewest(branch, newest))).toEqual(["a", "b", "z"]);
  });

  it("is all there is where there is no older one", () => {
    const newest = { items: [message("z", null)], next_cursor: null };
    expect(ids(mergeNewest(branch, newest))).toEqual(["z"]);
  });

  it("does not meet what is loaded of another branch, or of long ago", () => {
    const newest = { items: [message("z", "y")], next_cursor: "y" };
    expect(mergeNewest(branch, newest)).toBeNull();
  });
});
