/** Who was here last: what they left in this browser, and in this tab, is for them alone. */
import { readStored, writeStored } from "@/lib/storage";

const key = "person";
/** Of this tab; another one may have told the browser of somebody else meanwhile. */
let lastHere: string | null = null;

export function isBrowserOfAnother(userId: string): boolean {
  const last = readStored(key);
  return last !== null && last !== userId;
}

export function isTabOfAnother(userId: string): boolean {
  return lastHere !== null && lastHere !== userId;
}

export function rememberPerson(userId: string): void {
  lastHere = userId;
  writeStored(key, userId);
}
