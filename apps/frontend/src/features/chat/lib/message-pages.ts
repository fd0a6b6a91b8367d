/**
 * The cached branch of a conversation: pages from the newest message to the oldest, as the server
 * lists them with order=desc. Pure functions from one state to the next.
 */
import type { InfiniteData } from "@tanstack/react-query";
import type { Message, MessagePage } from "@/api/types";

export type MessagePages = InfiniteData<MessagePage>;

export function pagesOf(...newestFirst: Message[]): MessagePages {
  return { pages: [{ items: newestFirst, next_cursor: null }], pageParams: [null] };
}

export function oldestFirst(data: MessagePages): Message[] {
  return data.pages.flatMap(({ items }) => items).reverse();
}

export function leafOf(data: MessagePages): Message | undefined {
  return data.pages.find(({ items }) => items.length > 0)?.items[0];
}

export function findMessage(data: MessagePages, id: string): Message | undefined {
  for (const { items } of data.pages) {
    const found = items.find((message) => message.id === id);
    if (found) return found;
  }
  return undefined;
}

export function replaceMessage(data: MessagePages, message: Message): MessagePages {
  if (!findMessage(data, message.id)) return data;
  return mapItems(data, (items) => items.map((old) => (old.id === message.id ? message : old)));
}

/** Puts a message after its parent; what followed the parent is another branch now and goes. */
export function placeMessage(data: MessagePages, message: Message): MessagePages {
  if (findMessage(data, message.id)) return replaceMessage(data, message);
  const kept = dropAfter(data, message.parent_id);
  if (kept === null) return data;
  const [first, ...rest] = kept.pages;
  if (first === undefined) return pagesOf(message);
  return { ...kept, pages: [{ ...first, items: [message, ...first.items] }, ...rest] };
}

/** Null when the parent is not among the loaded messages, so that nobody knows where it belongs. */
function dropAfter(data: MessagePages, parentId: string | null): MessagePages | null {
  if (parentId === null) return pagesOf();
  if (!findMessage(data, parentId)) return null;
  let found = false;
  return mapItems(data, (items) => {
    if (found) return items;
    const at = items.findIndex(({ id }) => id === parentId);
    found = at >= 0;
    return found ? items.slice(at) : [];
  });
}

/** Puts the newest page, fetched anew, in the place of what is loaded of it; null where the two do not meet. */
export function mergeNewest(data: MessagePages, newest: MessagePage): MessagePages | null {
  const merged: MessagePages = { pages: [newest], pageParams: [null] };
  const oldest = newest.items.at(-1);
  if (oldest === undefined || newest.next_cursor === null) return merged;
  if (!findMessage(data, oldest.id)) return null;
  let isOlder = false;
  data.pages.forEach((page, index) => {
    const at = page.items.findIndex(({ id }) => id === oldest.id);
    const items = isOlder ? page.items : at < 0 ? [] : page.items.slice(at + 1);
    isOlder ||= at >= 0;
    if (items.length === 0) return;
    merged.pages.push({ ...page, items });
    merged.pageParams.push(data.pageParams[index]);
  });
  return merged;
}

function mapItems(data: MessagePages, change: (items: Message[]) => Message[]): MessagePages {
  return { ...data, pages: data.pages.map((page) => ({ ...page, items: change(page.items) })) };
}
