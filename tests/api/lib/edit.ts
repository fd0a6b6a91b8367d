/* The database of a server that runs, edited as somebody would with a shell on the machine. */
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import { query } from "./postgres.ts";
import type { Server } from "./server.ts";

export async function editBehind(server: Server, statement: string): Promise<void> {
  const url = server.env["WEBPLUS_DATABASE_URL"];
  if (url !== undefined) {
    await query(url, statement);
    return;
  }
  const database = new DatabaseSync(path.join(server.data, "webplus.db"));
  database.exec(`PRAGMA busy_timeout = 10000; ${statement}`);
  database.close();
}
