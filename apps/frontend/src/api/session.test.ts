import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Session } from "./types";

const opened = {
  access_token: "token",
  expires_in: 900,
  user: { id: "u", username: "robin", role: "user" },
  permissions: [],
} as unknown as Session;

let stored: Map<string, string>;
let answer: (reply: Response) => void;
const ask = vi.fn();

/** The module as a new page has it. */
async function newPage() {
  vi.resetModules();
  return import("./session");
}

beforeEach(() => {
  stored = new Map();
  vi.stubGlobal("BroadcastChannel", undefined);
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  ask.mockReset().mockImplementation(
    () =>
      new Promise<Response>((resolve) => {
        answer = resolve;
      }),
  );
  vi.stubGlobal("fetch", ask);
});

const asked = () => vi.waitFor(() => expect(ask).toHaveBeenCalledOnce());

describe("a refresh that is under way when somebody signs out", () => {
  it("does not sign them in again", async () => {
    const { accessToken, beginSession, endSession, refreshSession, session } = await newPage();
    beginSession(opened);
    const refresh = refreshSession();
    await asked();
    endSession();
    answer(Response.json(opened));
    expect(await refresh).toBe(false);
    expect(session.get()).toEqual({ phase: "signed-out", by: "choice" });
    expect(accessToken.get()).toBeNull();
  });

  it("and is refused first, leaves it their choice", async () => {
    const { beginSession, endSession, refreshSession, session } = await newPage();
    beginSession(opened);
    const refresh = refreshSession();
    await asked();
    answer(new Response("{}", { status: 401 }));
    await refresh;
    endSession();
    expect(session.get()).toEqual({ phase: "signed-out", by: "choice" });
  });
});

describe("the cookie of an earlier visit", () => {
  it("is tried where nothing is known of it", async () => {
    const { restoreSession, session } = await newPage();
    const restored = restoreSession();
    await asked();
    answer(Response.json(opened));
    await restored;
    expect(session.get().phase).toBe("signed-in");
  });

  it("is not tried after a sign-out, nor again once it was refused", async () => {
    const first = await newPage();
    const restored = first.restoreSession();
    await asked();
    answer(new Response("{}", { status: 401 }));
    await restored;
    expect(first.session.get()).toEqual({ phase: "signed-out", by: "nobody" });
    const next = await newPage();
    await next.restoreSession();
    expect(ask).toHaveBeenCalledOnce();
    expect(next.session.get()).toEqual({ phase: "signed-out", by: "nobody" });
  });
});
