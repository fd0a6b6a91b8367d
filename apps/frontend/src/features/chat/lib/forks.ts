/** The places where a conversation forks, and what stands beside a message there. */
import type { MessageFork } from "@/api/types";

export type Place = {
  /** Of all versions, in the order they were made. */
  ids: readonly string[];
  /** Which of them this is, from 0. */
  index: number;
};

type Child = { id: string; parent_id: string | null };

/** Of those messages that are not the only ones to follow their parent. */
export function placesAmong(
  forks: readonly MessageFork[],
  messages: readonly Child[],
): Map<string, Place> {
  const versions = new Map<string | null, string[]>();
  for (const { id, parent_id } of forks) {
    const ids = versions.get(parent_id);
    if (ids === undefined) versions.set(parent_id, [id]);
    else ids.push(id);
  }
  const places = new Map<string, Place>();
  for (const { id, parent_id } of messages) {
    const ids = versions.get(parent_id) ?? [];
    const index = ids.indexOf(id);
    if (index >= 0 && ids.length > 1) places.set(id, { ids, index });
  }
  return places;
}
