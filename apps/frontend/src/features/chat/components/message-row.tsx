import { memo } from "react";
import type { Message } from "@/api/types";
import type { Place } from "../lib/forks";
import { AssistantMessage } from "./assistant-message";
import { SentMessage } from "./user-message";

export type MessageRowProps = {
  message: Message;
  isLast: boolean;
  modelName: string;
  /** Where it has versions beside it. */
  place: Place | null;
};

/** Renders again only when its own message changed; a streaming one follows its stream by itself. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  if (props.message.role === "user") return <SentMessage {...props} />;
  return <AssistantMessage {...props} />;
});
