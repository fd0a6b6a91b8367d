const firstMs = 400;
const longestMs = 15_000;

/**
 * How long to wait before attempt number `failures`. Half of it is chance, so that a thousand
 * pages that lost their server at one moment do not come back at one moment.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 16));
  return ceiling / 2 + random() * (ceiling / 2);
}
