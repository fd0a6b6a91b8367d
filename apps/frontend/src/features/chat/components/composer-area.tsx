import { useRef, useEffectEvent, useLayoutEffect, type ReactNode } from "react";
import { useMay } from "@/api/rights";
import type { Conversation, Message } from "@/api/types";
import { useShortcut } from "@/lib/shortcuts";
import { useStore } from "@/lib/store";
import { cachedMessages } from "../api/messages";
import { newDraft } from "../lib/drafts";
import { beginEdit } from "../lib/editing";
import { pendingIn, stopAnswer, stopping } from "../lib/message-actions";
import { dismissFailure, outgoingOf, sendText } from "../lib/outbox";
import { Composer } from "./composer";
import { ReadOnlyNote } from "./read-only-note";
import { SendFailure } from "./send-failure";

type ComposerAreaProps = {
  conversation: Conversation | null;
  modelId: string;
  /** The answer being written, if there is one. */
  streaming: Message | null;
  onSent: (conversation: Conversation) => void;
  tools: ReactNode;
};

/** What is typed stays a draft, should the right to send it come back. */
export function ComposerArea(props: ComposerAreaProps) {
  return useMay("chat:write") ? <WritingArea {...props} /> : <ReadOnlyNote />;
}

function WritingArea({ conversation, modelId, streaming, onSent, tools }: ComposerAreaProps) {
  const input = useRef<HTMLTextAreaElement>(null);
  const id = conversation?.id ?? null;
  const outgoing = useStore(outgoingOf(id));
  const isStopping = useStore(stopping(streaming?.id ?? ""));

  const stop = () => {
    if (streaming !== null) void stopAnswer(streaming);
  };
  useShortcut("focusInput", () => input.current?.focus());
  useEscape(stop);

  const editLast = () => {
    if (conversation === null || streaming !== null) return false;
    if (pendingIn(conversation.id).get() !== null) return false;
    const last = cachedMessages(conversation.id).findLast(({ role }) => role === "user");
    if (last !== undefined) beginEdit(last);
    return last !== undefined;
  };

  async function send(text: string) {
    const target = await sendText(conversation, text, modelId);
    if (target !== null && conversation === null) onSent(target);
  }

  return (
    <div className="mx-auto w-full max-w-[46rem] px-3 pb-[calc(env(safe-area-inset-bottom)+0.75rem)] sm:px-6">
      {outgoing?.phase === "failed" && (
        <SendFailure error={outgoing.error} onDismiss={() => dismissFailure(id)} />
      )}
      <Composer
        draftId={id ?? newDraft}
        inputRef={input}
        streaming={streaming !== null}
        sending={outgoing?.phase === "sending"}
        stopping={isStopping}
        onSend={(text) => void send(text)}
        onStop={stop}
        onEditLast={editLast}
        tools={tools}
      />
      <p className="mt-2 text-center text-xs text-faint max-sm:hidden">
        Models make mistakes. Check what matters.
      </p>
    </div>
  );
}

/** Escape belongs first to whatever is open: a dialog, a menu, a list. */
function useEscape(run: () => void): void {
  const onEscape = useEffectEvent((event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.shiftKey || event.isComposing) return;
    if (document.querySelector("dialog[open], [role=dialog], [role=menu], [data-editing]") === null)
      run();
  });
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => onEscape(event);
    // Before a menu that this very key closes has gone.
    document.addEventListener("keydown", listen, { capture: true });
    return () => document.removeEventListener("keydown", listen, { capture: true });
  }, []);
}
