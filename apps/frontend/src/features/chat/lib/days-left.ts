const dayMs = 86_400_000;
/** For how long the server keeps what was deleted. */
const keptDays = 30;

/** How many days remain to restore what was deleted, counted so that 1 is the last. */
export function daysLeft(deletedAt: string, now: Date): number {
  const until = new Date(deletedAt).getTime() + keptDays * dayMs;
  return Math.max(Math.ceil((until - now.getTime()) / dayMs), 0);
}
