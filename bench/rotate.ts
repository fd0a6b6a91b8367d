/* How fast `webplus keys rotate` seals what is stored, while clients read from the same server. */
import { spawn } from "node:child_process";
import { once } from "node:events";

import { binary, inParallel, pin, post, withServer } from "./lib.ts";

const rows = 100_000;
const readers = 8;

export interface Rotation {
  rowsPerSecond: number;
  readsPerSecond: number;
}

/** The seconds that servers are given to learn the new key count too. */
export async function measureRotation(): Promise<Rotation> {
  return withServer({}, async ({ server, headers }) => {
    await inParallel(rows, 64, (i) =>
      post({ server, headers }, "/api/v1/conversations", { title: `Conversation number ${i}` }),
    );
    const rotation = spawn(binary, ["keys", "rotate", "--data", server.data], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    pin(rotation.pid!);
    const began = Date.now();
    let reads = 0;
    const reading = inParallel(readers, readers, async () => {
      while (rotation.exitCode === null) {
        const response = await fetch(`${server.url}/api/v1/conversations?limit=20`, { headers });
        if (!response.ok) throw new Error(`the list answered ${response.status}`);
        await response.arrayBuffer();
        reads++;
      }
    });
    const [code] = (await once(rotation, "exit")) as [number];
    const seconds = (Date.now() - began) / 1000;
    await reading;
    if (code !== 0) throw new Error(`keys rotate ended with ${code}`);
    return { rowsPerSecond: rows / seconds, readsPerSecond: reads / seconds };
  });
}
