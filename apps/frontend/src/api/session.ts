/**
 * Who is signed in. The access token lives in this module's memory only; what survives a reload
 * is the HttpOnly refresh cookie, which scripts cannot read.
 *
 * The server rotates the cookie at each use and ends the session when an old one comes back, so
 * two refreshes must never run at once: within the page they share one promise, between tabs a lock.
 */
import { withLock } from "@/lib/lock";
import { readStored, removeStored, writeStored } from "@/lib/storage";
import { createStore } from "@/lib/store";
import { fromProblem, unreachable } from "./problem";
import type { Problem, Session, User } from "./types";

export type SessionState =
  { phase: "unknown" } | { phase: "signed-out" } | { phase: "signed-in"; user: User };

/** Only a hint that a refresh cookie may exist; it saves newcomers a request that must fail. */
const hintKey = "signed-in";
const renewAheadMs = 60_000;

export const session = createStore<SessionState>({ phase: "unknown" });
/** Changes with every new token, so that open sockets can present it. */
export const accessToken = createStore<string | null>(null);

let expiresAt = 0;
let renewTimer: ReturnType<typeof setTimeout> | undefined;
let refreshing: Promise<boolean> | undefined;

const tabs = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("webplus");
tabs?.addEventListener("message", (event) => {
  if (event.data === "signed-out") forget();
});

export function adoptSession({ access_token, expires_in, user }: Session): void {
  expiresAt = Date.now() + expires_in * 1000;
  clearTimeout(renewTimer);
  const renewIn = Math.max(expires_in * 1000 - renewAheadMs, 5_000);
  renewTimer = setTimeout(() => void refreshSession().catch(() => undefined), renewIn);
  writeStored(hintKey, "1");
  accessToken.set(access_token);
  session.set({ phase: "signed-in", user });
}

function forget(): void {
  clearTimeout(renewTimer);
  expiresAt = 0;
  removeStored(hintKey);
  accessToken.set(null);
  session.set({ phase: "signed-out" });
}

/** Ends the session here and in the other tabs. */
export function endSession(): void {
  forget();
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
  const response = await fetch("/api/v1/auth/refresh", { method: "POST" }).catch(() => {
    throw unreachable();
  });
  if (response.ok) {
    adoptSession((await response.json()) as Session);
    return true;
  }
  if (response.status === 401) {
    forget();
    return false;
  }
  throw fromProblem(response.status, (await response.json().catch(() => undefined)) as Problem);
}

/** Called once at start: finds out whether the cookie still stands for somebody. */
export async function restoreSession(): Promise<void> {
  if (session.get().phase !== "unknown") return;
  if (readStored(hintKey) === null) session.set({ phase: "signed-out" });
  else await refreshSession();
}

/** A token good for at least a few seconds, or null when nobody is signed in. */
export async function currentToken(): Promise<string | null> {
  const token = accessToken.get();
  if (token === null || Date.now() < expiresAt - 10_000) return token;
  await refreshSession();
  return accessToken.get();
}
