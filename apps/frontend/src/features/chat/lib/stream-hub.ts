/**
 * The answers being written right now, whichever view shows them. A message is watched until it is
 * final: over the page's socket, or, where sockets do not get through, over server-sent events.
 * Deltas of both are numbered, so taking them from both at once does no harm.
 */
import { authorizedFetch, isStatus, unwrap } from "@/api/client";
import { liveBlocked, liveStatus, resubscribe, subscribe } from "@/api/live";
import type { LiveEvent } from "@/api/live-protocol";
import { readEvents } from "@/api/sse";
import type { Message } from "@/api/types";
import { backoffMs } from "@/lib/backoff";
import { createStore, type Store } from "@/lib/store";
import { fetchMessage } from "../api/messages";
import { forgetWork, setWorking } from "./chat-work";
import { createFrameScheduler } from "./frames";
import { applyDelta, startStream, type Delta, type StreamState } from "./stream";

type Watched = {
  conversationId: string;
  /** Ahead of what is shown by what came since the last frame. */
  state: StreamState;
  unsubscribe: () => void;
  sse: AbortController | null;
  recovering: boolean;
};

const watched = new Map<string, Watched>();
/** What views see; made by whoever asks first, the view or the stream. */
const shown = new Map<string, Store<StreamState | null>>();
const finished = new Set<(message: Message) => void>();
const lost = new Set<(messageId: string) => void>();
const scheduleFlush = createFrameScheduler(() => {
  for (const [id, { state }] of watched) streamOf(id).set(state);
});

const topicOf = (id: string) => `message:${id}`;

export function onStreamFinished(listener: (message: Message) => void): () => void {
  finished.add(listener);
  return () => finished.delete(listener);
}

/** The server knows no such message (any more), or no longer shows it to this user. */
export function onStreamLost(listener: (messageId: string) => void): () => void {
  lost.add(listener);
  return () => lost.delete(listener);
}

/** The text of a watched message as of the last frame; null for any other. */
export function streamOf(messageId: string): Store<StreamState | null> {
  const known = shown.get(messageId) ?? createStore<StreamState | null>(null);
  shown.set(messageId, known);
  return known;
}

export function isWatched(messageId: string): boolean {
  return watched.has(messageId);
}

export function watchStream(message: Message): void {
  const { id } = message;
  if (watched.has(id)) return;
  const entry: Watched = {
    conversationId: message.conversation_id,
    state: startStream(message),
    unsubscribe: () => undefined,
    sse: null,
    recovering: false,
  };
  watched.set(id, entry);
  tellWork();
  streamOf(id).set(entry.state);
  entry.unsubscribe = subscribe(topicOf(id), {
    onEvent: (event) => receive(id, entry, event),
    lastSeq: () => entry.state.seq,
  });
  if (liveBlocked.get()) void followBySse(id, entry);
}

/** For a final state that came another way: the answer to a stop, or a list that was fetched. */
export function finishStream(message: Message): void {
  for (const listener of finished) listener(message);
  forget(message.id);
}

export function forgetAllStreams(): void {
  for (const id of [...watched.keys()]) forget(id);
  forgetWork();
}

function tellWork(): void {
  setWorking([...watched.values()].map(({ conversationId }) => conversationId));
}

function forget(id: string): void {
  const entry = watched.get(id);
  if (entry === undefined) return;
  watched.delete(id);
  tellWork();
  streamOf(id).set(null);
  shown.delete(id);
  entry.unsubscribe();
  entry.sse?.abort();
}

function receive(id: string, entry: Watched, event: LiveEvent): void {
  if (watched.get(id) !== entry) return;
  if (event.type === "delta") take(id, entry, event);
  else if (event.type === "done") finishStream(event.message);
  else if (event.type === "error" && event.status === 404) lose(id);
  else if (event.type === "error") void recover(id, entry, 0);
}

function lose(id: string): void {
  forget(id);
  for (const listener of lost) listener(id);
}

function take(id: string, entry: Watched, delta: Delta): void {
  entry.state = applyDelta(entry.state, delta);
  if (entry.state.gap) void recover(id, entry);
  else scheduleFlush();
}

/**
 * Something is missing: the message itself is the truth, and the deltas go on after its number. With `failures`, the server
 * has ended the subscription, and no delta will come by itself: it is tried until it succeeds.
 */
async function recover(id: string, entry: Watched, failures?: number): Promise<void> {
  if (entry.recovering || watched.get(id) !== entry) return;
  entry.recovering = true;
  try {
    const message = await fetchMessage(id);
    if (watched.get(id) !== entry) return;
    if (message.status !== "streaming") {
      finishStream(message);
      return;
    }
    entry.state = startStream(message);
    scheduleFlush();
    resubscribe(topicOf(id), message.seq);
  } catch (error) {
    if (isStatus(error, 404)) lose(id);
    // Otherwise the next delta finds the gap again.
    else if (failures !== undefined)
      setTimeout(() => void recover(id, entry, failures + 1), backoffMs(failures));
  } finally {
    entry.recovering = false;
  }
}

async function followBySse(id: string, entry: Watched): Promise<void> {
  if (entry.sse !== null) return;
  const abort = new AbortController();
  entry.sse = abort;
  for (let failures = 0; !abort.signal.aborted; failures += 1) {
    const before = entry.state.seq;
    await readOnce(id, entry, abort.signal).catch((error: unknown) => {
      if (isStatus(error, 404)) lose(id);
    });
    if (entry.state.seq > before) failures = 0;
    if (liveStatus.get() === "open") break;
    await new Promise((resolve) => setTimeout(resolve, backoffMs(failures)));
  }
  entry.sse = null;
}

async function readOnce(id: string, entry: Watched, signal: AbortSignal): Promise<void> {
  const url = `${location.origin}/api/v1/messages/${encodeURIComponent(id)}/events`;
  const headers = { Accept: "text/event-stream", "Last-Event-ID": String(entry.state.seq) };
  const response = await authorizedFetch(new Request(url, { headers, signal }));
  if (!response.ok || response.body === null) {
    await unwrap(Promise.resolve({ response }));
    return;
  }
  for await (const event of readEvents(response.body)) {
    if (watched.get(id) !== entry) return;
    if (event.event === "delta") take(id, entry, JSON.parse(event.data) as Delta);
    else if (event.event === "done") finishStream(JSON.parse(event.data) as Message);
  }
}

liveBlocked.subscribe(() => {
  if (!liveBlocked.get()) return;
  for (const [id, entry] of watched) void followBySse(id, entry);
});
