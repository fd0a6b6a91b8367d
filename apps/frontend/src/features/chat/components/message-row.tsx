import { memo } from "react";
import type { Message } from "@/api/types";
import { AssistantMessage } from "./assistant-message";
import { UserMessage } from "./user-message";

export type MessageRowProps = { message: Message; isLast: boolean; modelName: string };

/** Renders again only when its own message changed; a streaming one follows its stream by itself. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  if (props.message.role === "user") return <UserMessage text={props.message.content} />;
  return <AssistantMessage {...props} />;
});
