/**
 * Who is signed in. The access token lives in this module's memory only; what survives a reload
 * is the HttpOnly refresh cookie, which scripts cannot read.
 *
 * The server rotates the cookie at each use and ends the session when an old one comes back, so
 * two refreshes must never run at once: within the page they share one promise, between tabs a lock.
 */
import { withLock } from "@/lib/lock";
import { readStored, writeStored } from "@/lib/storage";
import { createStore } from "@/lib/store";
import { fromProblem, unreachable } from "./problem";
import type { Permission, Problem, Session, User } from "./types";

/** Why nobody is signed in: nobody was, they left, they left in another tab, or the server ended it. */
export type SignedOutBy = "nobody" | "choice" | "other-tab" | "server";

export type SessionState =
  | { phase: "unknown" }
  | { phase: "signed-out"; by: SignedOutBy }
  | { phase: "signed-in"; user: User; permissions: readonly Permission[] };

/** Whether there may be a refresh cookie: not after a sign-out here. Where nothing is known of it, it is tried. */
const hintKey = "signed-in";
const noCookie = "0";
const renewAheadMs = 60_000;
/** A reply that has not come by then will not: it is as if the server had not answered. */
export const replyLimitMs = 30_000;

export const session = createStore<SessionState>({ phase: "unknown" });
/** Changes with every new token, so that open sockets can present it. */
export const accessToken = createStore<string | null>(null);

let expiresAt = 0;
let renewTimer: ReturnType<typeof setTimeout> | undefined;
let refreshing: Promise<boolean> | undefined;
/** Raised when somebody signs in or out here: what was asked for before is of no account any more. */
let generation = 0;

const tabs = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("webplus");
tabs?.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  if (data === "signed-out") forget("other-tab");
  else if (data === "ended") forget("server");
  else if (data === "signed-in" && session.get().phase === "signed-out")
    void refreshSession().catch(() => undefined);
});

/** Somebody has just signed in here. */
export function beginSession(opened: Session): void {
  generation += 1;
  adoptSession(opened);
  tabs?.postMessage("signed-in");
}

function adoptSession({ access_token, expires_in, user, permissions }: Session): void {
  expiresAt = Date.now() + expires_in * 1000;
  clearTimeout(renewTimer);
  const renewIn = Math.max(expires_in * 1000 - renewAheadMs, 5_000);
  renewTimer = setTimeout(() => void refreshSession().catch(() => undefined), renewIn);
  writeStored(hintKey, "1");
  accessToken.set(access_token);
  session.set({ phase: "signed-in", user, permissions });
}

/** What the profile says of the one who is signed in. */
export function adoptUser(user: User): void {
  const state = session.get();
  if (state.phase === "signed-in") session.set({ ...state, user });
}

function forget(by: SignedOutBy): void {
  const state = session.get();
  // A refresh that meets a sign-out may hear of the end first; that somebody meant it counts for more.
  const isNews = state.phase !== "signed-out" || (state.by === "server" && by !== "server");
  if (!isNews) return;
  generation += 1;
  clearTimeout(renewTimer);
  expiresAt = 0;
  writeStored(hintKey, noCookie);
  accessToken.set(null);
  session.set({ phase: "signed-out", by });
}

/** The one who is signed in leaves, here and in the other tabs. */
export function endSession(): void {
  forget("choice");
  tabs?.postMessage("signed-out");
}

/** True: signed in. False: there is no session (any more). Throws when the server cannot be asked. */
export function refreshSession(): Promise<boolean> {
  refreshing ??= withLock("webplus.refresh", requestRefresh).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

async function requestRefresh(): Promise<boolean> {
  const asked = generation;
  const signal = AbortSignal.timeout(replyLimitMs);
  const response = await fetch("/api/v1/auth/refresh", { method: "POST", signal }).catch(() => {
    throw unreachable();
  });
  const opened = response.ok ? ((await response.json()) as Session) : null;
  if (asked !== generation) return session.get().phase === "signed-in";
  if (opened !== null) {
    adoptSession(opened);
    return true;
  }
  if (response.status === 401) {
    const isEnd = session.get().phase === "signed-in" || readStored(hintKey) !== null;
    forget(isEnd ? "server" : "nobody");
    if (isEnd) tabs?.postMessage("ended");
    return false;
  }
  throw fromProblem(response, (await response.json().catch(() => undefined)) as Problem);
}

/** Called once at start: finds out whether the cookie still stands for somebody. */
export async function restoreSession(): Promise<void> {
  if (session.get().phase !== "unknown") return;
  if (readStored(hintKey) === noCookie) session.set({ phase: "signed-out", by: "nobody" });
  else await refreshSession();
}

/** A token good for at least a few seconds: null when nobody is signed in, or when it has to be renewed first. */
export function freshToken(): string | null {
  return Date.now() < expiresAt - 10_000 ? accessToken.get() : null;
}

/** The same, renewed where it has to be: null when nobody is signed in. */
export async function currentToken(): Promise<string | null> {
  if (accessToken.get() !== null && freshToken() === null) await refreshSession();
  return accessToken.get();
}
