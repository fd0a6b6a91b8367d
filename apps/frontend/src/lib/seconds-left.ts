import { useEffect, useState } from "react";

/** Counts down to a moment, and stays at 0 from then on. */
export function useSecondsLeft(until: number): number {
  const [now, setNow] = useState(() => Date.now());
  const left = Math.max(0, Math.ceil((until - now) / 1000));
  useEffect(() => {
    if (left === 0) return;
    // At the next whole second, whenever this was drawn.
    const timer = setTimeout(() => setNow(Date.now()), until - now - (left - 1) * 1000 + 5);
    return () => clearTimeout(timer);
  }, [until, now, left]);
  return left;
}

export function inSeconds(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  return `${minutes} min ${seconds % 60} s`;
}
