/**
 * Tells whether the other side of a connection is still there: after some silence it is asked, and what counts is whether it
 * answers that. Not the timers, which are up to a minute late in a hidden tab, and as late as it takes after a sleep.
 */
export type Heartbeat = {
  /** Something came from the other side. */
  heard: () => void;
  /** Asks at once, when there is a reason to doubt. */
  probe: () => void;
  stop: () => void;
};

export const quietMs = 25_000;
export const answerWithinMs = 12_000;
/** What came meanwhile may still be waiting to be read. */
const lateMs = 2_000;

export function startHeartbeat(ping: () => void, onDead: () => void): Heartbeat {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsked = false;

  const after = (ms: number, act: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  };
  const ask = () => {
    isAsked = true;
    ping();
    const due = Date.now() + answerWithinMs;
    after(answerWithinMs, () => {
      if (Date.now() > due + lateMs) after(lateMs, onDead);
      else onDead();
    });
  };
  after(quietMs, ask);
  return {
    heard: () => {
      isAsked = false;
      after(quietMs, ask);
    },
    probe: () => {
      if (!isAsked) ask();
    },
    stop: () => clearTimeout(timer),
  };
}
