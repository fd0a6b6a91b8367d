import {
  useLayoutEffect,
  useState,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
} from "react";
import { preloadMarkdown } from "@/components/markdown/lazy-markdown";
import { cx } from "@/lib/cx";
import { useStore } from "@/lib/store";
import { touchOnly } from "@/lib/touch";
import { draftOf } from "../lib/drafts";
import { composerId, focusComposer } from "../lib/focus-composer";
import { SendButton, StopButton } from "./send-button";

export const longestMessage = 100_000;

type ComposerProps = {
  draftId: string;
  inputRef: RefObject<HTMLTextAreaElement | null>;
  /** An answer is being written: the send button stops it instead. */
  streaming: boolean;
  sending: boolean;
  stopping: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
  /** The last message is to be written anew; false when there is none. */
  onEditLast: () => boolean;
  tools: ReactNode;
};

export function Composer(props: ComposerProps) {
  const { draftId, inputRef, streaming, sending, onSend, onEditLast, tools } = props;
  const draft = draftOf(draftId);
  const text = useStore(draft);
  const tooLong = text.length > longestMessage;
  const canSend = text.trim() !== "" && !tooLong && !streaming && !sending;
  useFocusOnOpen(inputRef, draftId);

  const [held, setHeld] = useState(false);
  const note = noteOf(text, held && streaming);

  const send = () => {
    setHeld(streaming);
    if (!canSend) return;
    onSend(text.trim());
    focusComposer();
  };

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "ArrowUp" && text === "" && !hasModifier(event) && onEditLast())
      event.preventDefault();
    // On a phone the return key is the only way to break a line.
    if (
      event.key !== "Enter" ||
      event.shiftKey ||
      event.nativeEvent.isComposing ||
      touchOnly.matches
    )
      return;
    event.preventDefault();
    send();
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="rounded-3xl border border-line-strong bg-raised shadow-raise transition-colors duration-150 focus-within:border-accent"
    >
      <label htmlFor={composerId} className="sr-only">
        Message
      </label>
      <textarea
        id={composerId}
        ref={inputRef}
        // Only for a browser that cannot make it as high as its text.
        rows={2}
        dir="auto"
        value={text}
        placeholder="Ask anything"
        aria-invalid={tooLong}
        aria-describedby={note === null ? undefined : "composer-note"}
        onChange={(event) => {
          draft.set(event.target.value);
          void preloadMarkdown();
        }}
        onKeyDown={onKeyDown}
        className="block [field-sizing:content] max-h-[40dvh] w-full resize-none bg-transparent px-5 pt-4 pb-1 text-[1rem] leading-[1.55] outline-none [font-kerning:none] [font-variant-ligatures:none] placeholder:text-faint"
      />
      <p
        id="composer-note"
        role={tooLong ? "alert" : "status"}
        className={cx("px-5 pt-1 text-sm empty:hidden", tooLong ? "text-danger" : "text-soft")}
      >
        {note}
      </p>
      <div className="flex items-center gap-2 p-2">
        <div className="min-w-0 flex-1">{tools}</div>
        {streaming ? (
          <StopButton stopping={props.stopping} onStop={props.onStop} />
        ) : (
          <SendButton canSend={canSend} sending={sending} />
        )}
      </div>
    </form>
  );
}

function noteOf(text: string, held: boolean): string | null {
  if (text.length > longestMessage)
    return `${(text.length - longestMessage).toLocaleString()} characters too long.`;
  return held ? "Not sent yet: an answer is being written. Esc stops it." : null;
}

function hasModifier({ shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return shiftKey || ctrlKey || metaKey || altKey;
}

/**
 * On a touch screen the focus would open the keyboard over the conversation. As it is drawn: a moment later, what was opened
 * meanwhile would lose the focus.
 */
function useFocusOnOpen(ref: RefObject<HTMLTextAreaElement | null>, draftId: string): void {
  useLayoutEffect(() => {
    if (!touchOnly.matches) ref.current?.focus();
  }, [ref, draftId]);
}
