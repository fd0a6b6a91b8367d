import { RotateCcw } from "lucide-react";
import { useMay } from "@/api/rights";
import { LazyMarkdown } from "@/components/markdown/lazy-markdown";
import { IconButton } from "@/components/ui/icon-button";
import { cx } from "@/lib/cx";
import { useStore } from "@/lib/store";
import { focusComposer } from "../lib/focus-composer";
import { isTriedAgain, lackOf, type Lack } from "../lib/lack";
import { pendingIn, regenerateAnswer } from "../lib/message-actions";
import { readAnswer } from "../lib/reasoning";
import { streamOf } from "../lib/stream-hub";
import { AnswerState } from "./answer-state";
import { BranchSwitch } from "./branch-switch";
import { CopyButton } from "./copy-button";
import type { MessageRowProps } from "./message-row";
import { MessageTime } from "./message-time";
import { ModelMark } from "./model-mark";
import { Reasoning } from "./reasoning";
import { TypingIndicator } from "./typing-indicator";

export function AssistantMessage({ message, isLast, modelName, place }: MessageRowProps) {
  const stream = useStore(streamOf(message.id));
  const streaming = message.status === "streaming";
  const text = streaming ? (stream?.text ?? message.content) : message.content;
  const { reasoning, thinking, said } = readAnswer(text, streaming);
  const lack = lackOf(message.status, said);
  return (
    <article aria-label={modelName} aria-busy={streaming} className="group">
      <h2 className="mb-2 flex items-center gap-2 text-sm font-medium text-soft">
        <ModelMark modelId={message.model_id} name={modelName} />
        {modelName}
      </h2>
      {reasoning !== null && (
        <Reasoning messageId={message.id} text={reasoning} thinking={thinking} />
      )}
      {said !== "" && <LazyMarkdown text={said} streaming={streaming} />}
      {streaming && reasoning === null && said === "" && <TypingIndicator />}
      {lack !== null && <AnswerState message={message} lack={lack} isLast={isLast} />}
      <div className="-ml-2 flex h-8 items-center pt-1">
        {place && <BranchSwitch conversationId={message.conversation_id} place={place} />}
        {!streaming && <AnswerActions message={message} lack={lack} text={said} isLast={isLast} />}
      </div>
    </article>
  );
}

type AnswerActionsProps = {
  message: MessageRowProps["message"];
  lack: Lack | null;
  text: string;
  isLast: boolean;
};

function AnswerActions({ message, lack, text, isLast }: AnswerActionsProps) {
  const pending = useStore(pendingIn(message.conversation_id));
  const mayWrite = useMay("chat:write");
  return (
    <div
      className={cx(
        "flex items-center transition-opacity duration-150",
        !isLast &&
          "opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100",
      )}
    >
      {text.trim() !== "" && <CopyButton text={text} label="Copy answer" />}
      {mayWrite && (!isLast || !isTriedAgain(lack)) && (
        <IconButton
          label="Regenerate"
          size="small"
          icon={<RotateCcw className="size-4" aria-hidden="true" />}
          disabled={pending !== null}
          onClick={() => {
            focusComposer();
            void regenerateAnswer(message);
          }}
        />
      )}
      <MessageTime at={message.completed_at ?? message.created_at} className="ml-1.5" />
    </div>
  );
}
