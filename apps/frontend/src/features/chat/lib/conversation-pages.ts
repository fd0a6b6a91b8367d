/** The cached list of conversations, newest first. Pure functions from one state to the next. */
import type { InfiniteData } from "@tanstack/react-query";
import type { Conversation, ConversationPage } from "@/api/types";

export type ConversationPages = InfiniteData<ConversationPage>;

/** Puts a conversation where its time belongs, or changes it there. */
export function placeConversation(data: ConversationPages, entry: Conversation): ConversationPages {
  const rest = removeConversation(data, entry.id);
  let placed = false;
  const pages = rest.pages.map((page, index) => {
    if (placed) return page;
    const at = page.items.findIndex((other) => isNewer(entry, other));
    const isEnd = index === rest.pages.length - 1 && page.next_cursor === null;
    if (at < 0 && !isEnd) return page;
    placed = true;
    const items = [...page.items];
    items.splice(at < 0 ? items.length : at, 0, entry);
    return { ...page, items };
  });
  // Older than all that is loaded: it comes with its page.
  return { ...rest, pages };
}

export function removeConversation(data: ConversationPages, id: string): ConversationPages {
  return {
    ...data,
    pages: data.pages.map((page) => ({
      ...page,
      items: page.items.filter((conversation) => conversation.id !== id),
    })),
  };
}

function isNewer(a: Conversation, b: Conversation): boolean {
  return a.updated_at === b.updated_at ? a.id > b.id : a.updated_at > b.updated_at;
}
