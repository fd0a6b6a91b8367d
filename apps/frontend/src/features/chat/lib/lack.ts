import type { Message } from "@/api/types";

/** What an answer that is over lacks; "words" when the model had none to say. */
export type Lack = Exclude<Message["status"], "complete" | "streaming"> | "words";

export function lackOf(status: Message["status"], said: string): Lack | null {
  if (status === "complete") return said.trim() === "" ? "words" : null;
  return status === "streaming" ? null : status;
}

/** Then it is written anew from the start: there is nothing to go on from. */
export function isTriedAgain(lack: Lack | null): boolean {
  return lack === "failed" || lack === "words";
}
