import type { ReactNode } from "react";
import type { Conversation } from "@/api/types";
import { useStore } from "@/lib/store";
import { draftOf, newDraft } from "../lib/drafts";
import { composerId } from "../lib/focus-composer";
import { outgoingOf } from "../lib/outbox";
import { ComposerArea } from "./composer-area";
import { UserMessage } from "./user-message";
import { isExample, Welcome } from "./welcome";

type NewChatViewProps = {
  userName: string;
  modelId: string;
  modelPicker: ReactNode;
  onStarted: (conversation: Conversation) => void;
};

/** What somebody has written is kept, and the prompt comes after it; only another example gives way. */
function withPrompt(draft: string, prompt: string): string {
  if (draft.trim() === "" || isExample(draft)) return prompt;
  return draft.endsWith(prompt) ? draft : `${draft.trimEnd()}\n\n${prompt}`;
}

export function NewChatView({ userName, modelId, modelPicker, onStarted }: NewChatViewProps) {
  const outgoing = useStore(outgoingOf(null));
  const pick = (prompt: string) => {
    const draft = draftOf(newDraft);
    draft.set(withPrompt(draft.get(), prompt));
    document.getElementById(composerId)?.focus();
  };
  return (
    <>
      {outgoing?.phase === "sending" ? (
        <div className="min-h-0 flex-1 overflow-hidden">
          <div className="mx-auto max-w-[46rem] px-4 pt-7 sm:px-6">
            <UserMessage id="sending" text={outgoing.text} pending />
          </div>
        </div>
      ) : (
        <Welcome name={userName} onPick={pick} />
      )}
      <ComposerArea
        conversation={null}
        modelId={modelId}
        streaming={null}
        onSent={onStarted}
        tools={modelPicker}
      />
    </>
  );
}
