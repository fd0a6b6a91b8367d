import { useEffect } from "react";
import type { Message } from "@/api/types";
import { announce } from "@/lib/announcer";
import { queryClient } from "@/lib/query-client";
import { storeMessage } from "../api/messages";
import { isElsewhere, noteAnswered } from "../lib/chat-work";
import { explain } from "../lib/message-errors";
import { readAnswer } from "../lib/reasoning";
import { onStreamFinished, onStreamLost, watchStream } from "../lib/stream-hub";

const announcedLength = 400;
const otherChat = "An answer in another chat is complete.";

/** Once for the workspace: brings finished answers into the cache and says them aloud. */
export function useFinishedStreams(): void {
  useEffect(() => {
    const stopFinished = onStreamFinished((message) => {
      storeMessage(message);
      noteAnswered(message.conversation_id);
      announce(isElsewhere(message.conversation_id) ? otherChat : spoken(message));
    });
    const stopLost = onStreamLost(
      () => void queryClient.invalidateQueries({ queryKey: ["messages"] }),
    );
    return () => {
      stopFinished();
      stopLost();
    };
  }, []);
}

/** Watches whatever of these messages is still being written. */
export function useWatchedStreams(messages: readonly Message[]): void {
  useEffect(() => {
    for (const message of messages) if (message.status === "streaming") watchStream(message);
  }, [messages]);
}

function spoken({ status, content, error }: Message): string {
  if (status === "failed") return explain(error?.code).title;
  if (status === "stopped") return "The answer was stopped.";
  if (status === "interrupted") return "The answer was interrupted.";
  const plain = readAnswer(content)
    .said.replace(/```[\s\S]*?```/g, " (code) ")
    .replace(/[*_`#>|]+/g, "");
  const short = plain.length > announcedLength ? `${plain.slice(0, announcedLength)}…` : plain;
  return `Answer: ${short.trim()}`;
}
