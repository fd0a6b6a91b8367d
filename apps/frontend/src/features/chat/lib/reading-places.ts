/** Where each chat was being read when it was left, unless at its end. Known for as long as the page is there. */
export type ReadingPlace = {
  /** The first message in view, and how much of it is above the view. */
  messageId: string;
  offset: number;
  /** Of the messages that were drawn, so that it is the same place again. */
  heights: ReadonlyMap<string, number>;
};

const places = new Map<string, ReadingPlace>();

export function readingPlaceIn(conversationId: string): ReadingPlace | null {
  return places.get(conversationId) ?? null;
}

export function keepReadingPlace(conversationId: string, place: ReadingPlace | null): void {
  if (place === null) places.delete(conversationId);
  else places.set(conversationId, place);
}

export function forgetReadingPlaces(): void {
  places.clear();
}
