/** What is known of an answer that is being written. Pure, so that every order of events is testable. */
export type StreamState = {
  /** The number of the last delta in `text`. */
  readonly seq: number;
  readonly text: string;
  /** A delta is missing; until it is fetched, later ones must not be appended. */
  readonly gap: boolean;
};

export type Delta = { seq: number; text: string };

export function startStream(message: { seq: number; content: string }): StreamState {
  return { seq: message.seq, text: message.content, gap: false };
}

/** Each delta exactly once and in order: repeated ones are dropped, a missing one is noticed. */
export function applyDelta(state: StreamState, delta: Delta): StreamState {
  if (delta.seq <= state.seq) return state;
  if (delta.seq > state.seq + 1) return state.gap ? state : { ...state, gap: true };
  return { seq: delta.seq, text: state.text + delta.text, gap: false };
}
