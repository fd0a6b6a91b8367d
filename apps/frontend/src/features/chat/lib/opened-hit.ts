/**
 * A message that was opened from a search. The reader is led to it once for each opening: what is drawn or fetched later
 * does not take them back.
 */

export type OpenedHit = {
  messageId: string;
  /** Another array at each opening, also of the same message with the same words. */
  words: readonly string[];
};

let reached: OpenedHit | null = null;

/** They have been led there, or went their own way meanwhile. */
export function reach(hit: OpenedHit): void {
  reached = hit;
}

export function lastReached(): OpenedHit | null {
  return reached;
}

export function isReached(hit: OpenedHit): boolean {
  return isSameHit(reached, hit);
}

export function isSameHit(one: OpenedHit | null, other: OpenedHit | null): boolean {
  return one?.messageId === other?.messageId && one?.words === other?.words;
}
