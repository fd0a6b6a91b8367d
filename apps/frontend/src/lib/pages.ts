/** Lists that come in pages, each naming the next. */
type Page<T> = { items: T[]; next_cursor: string | null };

export const firstPage = null as string | null;

export function nextCursor<T>(page: Page<T>): string | null {
  return page.next_cursor;
}

export function cursorParam(cursor: string | null): { cursor?: string } {
  return cursor === null ? {} : { cursor };
}

export function itemsOf<T>(data: { pages: Page<T>[] }): T[] {
  return data.pages.flatMap(({ items }) => items);
}
