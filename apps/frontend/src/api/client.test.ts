import { afterEach, describe, expect, it, vi } from "vitest";

vi.stubGlobal("location", { origin: "http://localhost" });
const { api, unwrap } = await import("./client");

/** A call that the server takes and never answers, or whose reply never ends. */
function hang(reply?: () => Response): AbortController {
  const limit = new AbortController();
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(limit.signal);
  vi.stubGlobal("fetch", ({ signal }: Request) =>
    reply
      ? Promise.resolve(reply())
      : new Promise((_, reject) => {
          const giveUp = () => reject(signal.reason as Error);
          if (signal.aborted) giveUp();
          else signal.addEventListener("abort", giveUp);
        }),
  );
  return limit;
}

const timedOut = () => new DOMException("signal timed out", "TimeoutError");

afterEach(() => vi.restoreAllMocks());

describe("a call whose reply does not come", () => {
  it("is given up as unreachable", async () => {
    const limit = hang();
    const call = unwrap(api.GET("/api/v1/setup"));
    limit.abort(timedOut());
    await expect(call).rejects.toMatchObject({ status: 0, isUnreachable: true });
  });

  it("is given up in the middle of its body too", async () => {
    const body = new ReadableStream({ pull: (stream) => stream.error(timedOut()) });
    hang(() => new Response(body, { headers: { "content-type": "application/json" } }));
    await expect(unwrap(api.GET("/api/v1/setup"))).rejects.toMatchObject({ isUnreachable: true });
  });

  it("is not unreachable when whoever asked does not want it any more", async () => {
    hang();
    const own = new AbortController();
    const call = unwrap(api.GET("/api/v1/setup", { signal: own.signal }));
    own.abort();
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
  });
});
