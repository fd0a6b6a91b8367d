const local = /^(?:127\.|::1$|::ffff:127\.)/;
const privateNetwork =
  /^(?:::ffff:)?(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.)|^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/i;

/** Where a network address is, as far as that can be told from itself. */
export function describePlace(address: string | null): string {
  if (address === null || address === "") return "From an unknown place";
  if (local.test(address)) return "From the server's own machine";
  if (privateNetwork.test(address)) return `From the local network (${address})`;
  return `From ${address}`;
}
