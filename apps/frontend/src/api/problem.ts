import type { Problem } from "./types";

/** What every failed call throws: the server's problem document, or the lack of any answer. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: ReadonlyMap<string, string>;

  constructor(status: number, code: string, detail: string, fields?: ReadonlyMap<string, string>) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.fields = fields ?? new Map();
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

export function fromProblem(status: number, problem: Partial<Problem> | undefined): ApiError {
  const detail = problem?.detail ?? problem?.title ?? `The server answered with status ${status}.`;
  const fields = new Map(
    (problem?.errors ?? []).map(({ field, message }) => [field, sentence(message)]),
  );
  return new ApiError(status, problem?.code ?? "unknown", detail, fields);
}

/** The server leaves out the subject, "is not your password": beside its field, it stands alone. */
function sentence(message: string): string {
  return /^[a-z]/.test(message) ? `It ${message}.` : message;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
