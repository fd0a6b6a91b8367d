import createClient from "openapi-fetch";
import { createStore } from "@/lib/store";
import { ApiError, fromProblem, unreachable } from "./problem";
import type { paths } from "./schema";
import { accessToken, currentToken, refreshSession, replyLimitMs } from "./session";
import type { Problem } from "./types";

/** Whether the last request had an answer, be it of the server itself and not of a proxy in its place. */
export const serverAnswers = createStore(true);
const ofProxy = [502, 503, 504];

async function attempt(request: Request, token: string | null): Promise<Response> {
  if (token !== null) request.headers.set("Authorization", `Bearer ${token}`);
  try {
    const response = await fetch(request);
    serverAnswers.set(!ofProxy.includes(response.status));
    return response;
  } catch (error) {
    if (request.signal.aborted && !isTimeout(request.signal.reason)) throw error;
    serverAnswers.set(false);
    throw unreachable();
  }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}

const learnAgainMs = 10_000;
let learntAt = 0;

/** What the page took for allowed is not: the rights changed. A new session tells those of now. */
function learnRights(): void {
  if (Date.now() - learntAt < learnAgainMs) return;
  learntAt = Date.now();
  void refreshSession().catch(() => undefined);
}

/** Sends the access token; when the server no longer takes it, renews it once and asks again. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const token = await currentToken();
  const response = await attempt(request, token);
  if (response.status === 403 && token !== null) learnRights();
  if (response.status !== 401 || token === null) return response;
  const renewed = accessToken.get() !== token || (await refreshSession());
  return renewed ? attempt(again, accessToken.get()) : response;
}

/** For all that is answered at once; streams and files have as long as they take. */
function promptFetch(request: Request): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(replyLimitMs)]);
  return authorizedFetch(new Request(request, { signal }));
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: promptFetch });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of a successful answer; anything else is thrown as an ApiError. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call.catch((reason: unknown) => {
    // Also in the middle of its body.
    throw isTimeout(reason) ? unreachable() : reason;
  });
  if (!response.ok) throw fromProblem(response, error as Partial<Problem> | undefined);
  return data as T;
}

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}
