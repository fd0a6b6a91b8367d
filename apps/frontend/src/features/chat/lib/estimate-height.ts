import type { Message } from "@/api/types";
import { readAnswer } from "./reasoning";

/** Rough, but near: a good guess keeps the scroll bar still while rows are measured. */
export function estimateHeight(message: Message | undefined): number {
  if (message === undefined) return 90;
  const { said } = readAnswer(message.content);
  const lines = Math.ceil(said.length / 85) + said.split("\n\n").length;
  return message.role === "user" ? 64 + Math.min(lines, 14) * 24 : 96 + lines * 27;
}
