/*
 * The PostgreSQL that tools/with-postgres runs, if it does: then every server under test has a database of its own there.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

export interface Database {
  url: string;
  drop(): Promise<void>;
}

/** What psql answers to a statement, unadorned. */
export async function query(url: string, sql: string): Promise<string> {
  const { stdout } = await promisify(execFile)("psql", [
    "-X",
    "-q",
    "-A",
    "-t",
    "-d",
    url,
    "-c",
    sql,
  ]);
  return stdout.trim();
}

/** A new, empty database; undefined when the tests run on SQLite. */
export async function freshDatabase(): Promise<Database | undefined> {
  const administrator = process.env["WEBPLUS_TEST_POSTGRES"];
  if (administrator === undefined) return undefined;
  const name = `webplus_${randomBytes(6).toString("hex")}`;
  await query(administrator, `CREATE DATABASE ${name}`);
  const url = new URL(administrator);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => void (await query(administrator, `DROP DATABASE ${name} WITH (FORCE)`)),
  };
}
