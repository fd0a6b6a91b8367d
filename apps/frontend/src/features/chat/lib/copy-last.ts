import { announce } from "@/lib/announcer";
import { copyText } from "@/lib/clipboard";
import { cachedMessages } from "../api/messages";
import { readAnswer } from "./reasoning";

/** The last answer of a chat that is open. */
export async function copyLastAnswer(conversationId: string): Promise<void> {
  const answer = cachedMessages(conversationId).findLast(({ role }) => role === "assistant");
  if (answer === undefined) return;
  announce((await copyText(readAnswer(answer.content).said)) ? "Copied" : "Not copied");
}
