import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerWithinMs, quietMs, startHeartbeat, type Heartbeat } from "./heartbeat";

let beat: Heartbeat | undefined;
const dead = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  dead.mockClear();
});
afterEach(() => {
  beat?.stop();
  vi.useRealTimers();
});

/** The other side answers so much later. */
function answering(ms: number) {
  return vi.fn(() => void setTimeout(() => beat?.heard(), ms));
}

describe("a heartbeat", () => {
  it("asks after silence, and goes on for as long as it is answered", () => {
    const ping = answering(50);
    beat = startHeartbeat(ping, dead);
    vi.advanceTimersByTime(10 * quietMs);
    expect(ping.mock.calls.length).toBeGreaterThan(8);
    expect(dead).not.toHaveBeenCalled();
  });

  it("ends when there is no answer", () => {
    beat = startHeartbeat(() => undefined, dead);
    vi.advanceTimersByTime(quietMs + answerWithinMs - 1);
    expect(dead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(dead).toHaveBeenCalledOnce();
  });

  it("asks at once when there is a reason to", () => {
    const ping = vi.fn();
    beat = startHeartbeat(ping, dead);
    beat.probe();
    beat.probe();
    expect(ping).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(answerWithinMs);
    expect(dead).toHaveBeenCalledOnce();
  });

  it("goes on where its timers run once a minute, as in a hidden tab", () => {
    const realTimeout = globalThis.setTimeout;
    const ping = vi.fn(() => void realTimeout(() => beat?.heard(), 50));
    const minute = 60_000;
    vi.stubGlobal("setTimeout", (act: () => void, ms: number) => {
      const due = Date.now() + ms;
      return realTimeout(act, Math.ceil(due / minute) * minute - Date.now());
    });
    vi.setSystemTime(0);
    beat = startHeartbeat(ping, dead);
    vi.advanceTimersByTime(20 * minute);
    vi.unstubAllGlobals();
    expect(ping.mock.calls.length).toBeGreaterThan(5);
    expect(dead).not.toHaveBeenCalled();
  });

  it("lets what came in a sleep be read first", () => {
    beat = startHeartbeat(() => undefined, dead);
    vi.advanceTimersByTime(quietMs);
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(answerWithinMs);
    expect(dead).not.toHaveBeenCalled();
    beat.heard();
    vi.advanceTimersByTime(quietMs);
    expect(dead).not.toHaveBeenCalled();
  });
});
