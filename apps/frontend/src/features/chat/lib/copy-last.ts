import { copyText } from "@/lib/clipboard";
import { showToast } from "@/lib/toasts";
import { cachedMessages } from "../api/messages";
import { readAnswer } from "./reasoning";

/** The last answer of a chat that is open. */
export async function copyLastAnswer(conversationId: string): Promise<void> {
  const answer = cachedMessages(conversationId).findLast(({ role }) => role === "assistant");
  if (answer === undefined) return;
  const copied = await copyText(readAnswer(answer.content).said);
  showToast(
    copied
      ? { text: "Answer copied" }
      : { tone: "danger", text: "The answer was not copied. Select its text and copy that." },
  );
}
