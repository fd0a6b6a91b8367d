/**
 * Runs `work` while no other tab of this site does. Web Locks need a secure context; a server on
 * the local network without TLS is none, so there a lease in localStorage stands in for them.
 */
import { readStored, removeStored, writeStored } from "./storage";

const leaseMs = 10_000;
const retryMs = 60;

export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  if ("locks" in navigator) return navigator.locks.request(name, work) as Promise<T>;
  const key = `lock.${name}`;
  const mine = String(Math.random());
  while (!(await tryLease(key, mine))) await pause(retryMs);
  try {
    return await work();
  } finally {
    if (holder(key) === mine) removeStored(key);
  }
}

function holder(key: string): string | null {
  const [owner, until] = (readStored(key) ?? "").split(" ");
  return owner !== undefined && Number(until) > Date.now() ? owner : null;
}

async function tryLease(key: string, mine: string): Promise<boolean> {
  if (holder(key) !== null) return false;
  writeStored(key, `${mine} ${Date.now() + leaseMs}`);
  // Two tabs may have written at once; the last writer wins, and both can see who that was.
  await pause(20);
  const owner = holder(key);
  return owner === mine || owner === null;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
