/**
 * One WebSocket for the whole page. Subscriptions outlive the socket: after each reconnection they
 * are made again, each with the last number its subscriber has, so nothing is lost or doubled.
 */
import { backoffMs } from "@/lib/backoff";
import { createStore } from "@/lib/store";
import { startHeartbeat, type Heartbeat } from "./heartbeat";
import { closeTooMany, closeUnauthenticated, type LiveEvent } from "./live-protocol";
import { accessToken, freshToken, refreshSession } from "./session";

export type LiveStatus = "idle" | "connecting" | "open" | "waiting";

type Subscriber = { onEvent: (event: LiveEvent) => void; lastSeq: () => number };

const openLimitMs = 10_000;
/** Where sockets do not get through, what is shown is fetched again so often. */
const pollEveryMs = 20_000;
/** So many attempts without one success, and streams look for another way. */
const failuresUntilBlocked = 2;
const failuresWhenTooMany = 6;

export const liveStatus = createStore<LiveStatus>("idle");
/** True while sockets do not seem to get through (a proxy may forbid them). */
export const liveBlocked = createStore(false);

const topics = new Map<string, Set<Subscriber>>();
let socket: WebSocket | null = null;
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let openLimit: ReturnType<typeof setTimeout> | undefined;
let heartbeat: Heartbeat | null = null;

export function subscribe(topic: string, subscriber: Subscriber): () => void {
  const subscribers = topics.get(topic) ?? new Set();
  subscribers.add(subscriber);
  topics.set(topic, subscribers);
  if (subscribers.size === 1) sendSubscribe(topic, subscriber.lastSeq());
  connect();
  return () => {
    subscribers.delete(subscriber);
    if (subscribers.size > 0 || topics.get(topic) !== subscribers) return;
    topics.delete(topic);
    send({ type: "unsubscribe", topic });
  };
}

/** Ask again from `lastSeq()`, for a subscriber that found a gap. */
export function resubscribe(topic: string, lastSeq: number): void {
  send({ type: "unsubscribe", topic });
  sendSubscribe(topic, lastSeq);
}

function send(message: object): void {
  if (liveStatus.get() !== "open" || socket?.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify(message));
}

function sendSubscribe(topic: string, seq: number): void {
  send({ type: "subscribe", topic, ...(topic.startsWith("message:") && { seq }) });
}

function connect(): void {
  if (socket !== null || accessToken.get() === null || topics.size === 0) return;
  clearTimeout(timer);
  const token = freshToken();
  if (token === null) renew();
  else open(token);
}

/** Connects as soon as there is a new token. */
function renew(): void {
  liveStatus.set("waiting");
  refreshSession().catch(() => {
    if (socket === null) closed(0);
  });
}

/** The token goes with the upgrade: one that comes without is a stranger's, and strangers may be too many. */
function open(token: string): void {
  liveStatus.set("connecting");
  const address = `${location.origin.replace(/^http/, "ws")}/api/v1/ws`;
  const opened = new WebSocket(address, ["webplus", `bearer.${token}`]);
  socket = opened;
  openLimit = setTimeout(giveUp, openLimitMs);
  opened.onmessage = ({ data }: MessageEvent<string>) => {
    receive(JSON.parse(data) as LiveEvent);
  };
  opened.onclose = ({ code }) => {
    if (socket === opened) closed(code);
  };
}

function receive(event: LiveEvent): void {
  heartbeat?.heard();
  if (event.type === "authenticated") {
    if (liveStatus.get() !== "open") ready();
  } else if ("topic" in event && event.topic !== null) {
    for (const subscriber of [...(topics.get(event.topic) ?? [])]) subscriber.onEvent(event);
  }
}

function ready(): void {
  failures = 0;
  liveStatus.set("open");
  liveBlocked.set(false);
  for (const [topic, subscribers] of topics) {
    sendSubscribe(topic, Math.min(...[...subscribers].map(({ lastSeq }) => lastSeq())));
  }
  clearTimeout(timer);
  clearTimeout(openLimit);
  heartbeat?.stop();
  heartbeat = startHeartbeat(() => send({ type: "ping" }), giveUp);
}

/** A socket can die without a word. */
function giveUp(): void {
  const silent = socket;
  if (silent === null) return;
  closed(0);
  silent.close();
}

function closed(code: number): void {
  const wasOpen = liveStatus.get() === "open";
  socket = null;
  clearTimeout(openLimit);
  heartbeat?.stop();
  heartbeat = null;
  clearTimeout(timer);
  if (topics.size === 0 || accessToken.get() === null) {
    liveStatus.set("idle");
    return;
  }
  if (!wasOpen) failures += 1;
  // Whoever was one too many is so for a while: what streams goes on over events meanwhile.
  if (code === closeTooMany) failures = Math.max(failures, failuresWhenTooMany);
  if (failures >= failuresUntilBlocked) liveBlocked.set(true);
  liveStatus.set("waiting");
  const soon = wasOpen && code !== closeTooMany;
  timer = setTimeout(() => void reconnect(code), backoffMs(soon ? 0 : failures));
}

async function reconnect(code: number): Promise<void> {
  if (code === closeUnauthenticated && accessToken.get() !== null)
    await refreshSession().catch(() => undefined);
  connect();
}

/** Not to be waited for when there is a reason to think that it will work now, or does not any more. */
function reconnectNow(): void {
  if (liveStatus.get() === "waiting") connect();
  else heartbeat?.probe();
}

let polling: ReturnType<typeof setInterval> | undefined;

liveBlocked.subscribe(() => {
  clearInterval(polling);
  if (!liveBlocked.get()) return;
  poll();
  polling = setInterval(poll, pollEveryMs);
});

/** To whoever has no numbers to ask by, it is as if the connection had just come back. */
function poll(): void {
  if (document.visibilityState === "hidden" || accessToken.get() === null) return;
  for (const [topic, subscribers] of topics) {
    if (topic.startsWith("message:")) continue;
    for (const { onEvent } of [...subscribers]) onEvent({ type: "subscribed", topic, seq: 0 });
  }
}

accessToken.subscribe(() => {
  const token = accessToken.get();
  if (token === null) {
    socket?.close(1000);
  } else if (liveStatus.get() === "open") {
    send({ type: "authenticate", token });
  } else if (socket === null && topics.size > 0) {
    clearTimeout(timer);
    open(token);
  }
});

globalThis.addEventListener("online", reconnectNow);
globalThis.addEventListener("offline", () => heartbeat?.probe());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  reconnectNow();
  if (liveBlocked.get()) poll();
});
