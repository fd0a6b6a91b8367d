/*
 * A port for who has to listen on the same one again after a while. It is below those that the kernel gives to connections
 * and to who leaves the choice to it, and so is nobody's meanwhile.
 */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}
