import type { Virtualizer } from "@tanstack/react-virtual";
import { useEffectEvent, useLayoutEffect, useState } from "react";
import type { Message } from "@/api/types";
import { estimateHeight } from "../lib/estimate-height";
import { keepReadingPlace, readingPlaceIn, type ReadingPlace } from "../lib/reading-places";

type Beginning = {
  /** It was left at a place that is still there; if not, it begins at its end. */
  isAway: boolean;
  heightOf: (message: Message | undefined) => number;
  offset: () => number;
};

/** Where a chat begins to be shown: where it was left. */
export function useReadingPlace(
  conversationId: string,
  messages: readonly Message[],
  paddingStart: number,
): Beginning {
  const [place] = useState(() => readingPlaceIn(conversationId));
  const at = messages.findIndex(({ id }) => id === place?.messageId);
  const heightOf = (message: Message | undefined) =>
    place?.heights.get(message?.id ?? "") ?? estimateHeight(message);
  const heightOfAll = (some: readonly Message[]) =>
    some.reduce((sum, message) => sum + heightOf(message), 0);
  return {
    isAway: at >= 0,
    heightOf,
    offset: () =>
      at < 0 || place === null
        ? heightOfAll(messages)
        : paddingStart + heightOfAll(messages.slice(0, at)) + place.offset,
  };
}

/** Keeps the place of a reader who is away from the end, for when they come back. */
export function useKeepReadingPlace(
  conversationId: string,
  virtualizer: Virtualizer<HTMLDivElement, Element>,
  isAway: boolean,
): void {
  const keep = useEffectEvent((top: number) => {
    const first = virtualizer.getVirtualItemForOffset(top);
    const place =
      isAway && first !== undefined ? placeAt(conversationId, virtualizer, first, top) : null;
    keepReadingPlace(conversationId, place);
  });
  useLayoutEffect(() => {
    const scroller = virtualizer.scrollElement;
    return () => keep(scroller?.scrollTop ?? 0);
  }, [virtualizer]);
}

type Row = { key: unknown; start: number };

function placeAt(
  conversationId: string,
  virtualizer: Virtualizer<HTMLDivElement, Element>,
  first: Row,
  top: number,
): ReadingPlace {
  // The snapshot leaves out what had just the height that it was expected to have: that stays known.
  const expected = readingPlaceIn(conversationId)?.heights ?? [];
  const measured = virtualizer.takeSnapshot().map(({ key, size }) => [String(key), size] as const);
  return {
    messageId: String(first.key),
    offset: top - first.start,
    heights: new Map([...expected, ...measured]),
  };
}
