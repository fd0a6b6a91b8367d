import type { Problem } from "./types";

/** What every failed call throws: the server's problem document, or the lack of any answer. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: ReadonlyMap<string, string>;
  /** When the server will take it, in milliseconds since 1970; null where it does not say. */
  readonly retryAt: number | null;

  constructor(
    status: number,
    code: string,
    detail: string,
    fields?: ReadonlyMap<string, string>,
    retryAt: number | null = null,
  ) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.fields = fields ?? new Map();
    this.retryAt = retryAt;
  }

  /** Too much was asked for: later it is taken. */
  get isLimit(): boolean {
    return this.status === 429;
  }

  /** No answer came: the request may or may not have been carried out. */
  get isUnreachable(): boolean {
    return this.status === 0;
  }
}

export function unreachable(): ApiError {
  return new ApiError(
    0,
    "unreachable",
    navigator.onLine
      ? "The server did not answer. It may be restarting."
      : "You are offline. Check your connection.",
  );
}

export function fromProblem(
  { status, headers }: Response,
  problem: Partial<Problem> | undefined,
): ApiError {
  const detail = problem?.detail ?? problem?.title ?? plainText(status);
  const fields = new Map(
    (problem?.errors ?? []).map(({ field, message }) => [field, sentence(message)]),
  );
  return new ApiError(status, problem?.code ?? "unknown", detail, fields, retryTime(headers));
}

/** Of a proxy, which has no document for it. */
function plainText(status: number): string {
  return status === 429
    ? "Too many requests. Try again later."
    : `The server answered with status ${status}.`;
}

/** Retry-After, in seconds: that is what the server sends. */
function retryTime(headers: Headers): number | null {
  const value = headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(value) ? Date.now() + Number(value) * 1000 : null;
}

/** The server leaves out the subject, "is not your password": beside its field, it stands alone. */
function sentence(message: string): string {
  return /^[a-z]/.test(message) ? `It ${message}.` : message;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
