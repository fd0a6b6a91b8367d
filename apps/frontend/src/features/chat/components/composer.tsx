import { ArrowUp, Square } from "lucide-react";
import {
  useEffect,
  useLayoutEffect,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
} from "react";
import { preloadMarkdown } from "@/components/markdown/lazy-markdown";
import { Spinner } from "@/components/ui/spinner";
import { Tooltip } from "@/components/ui/tooltip";
import { cx } from "@/lib/cx";
import { useStore } from "@/lib/store";
import { touchOnly } from "@/lib/touch";
import { draftOf } from "../lib/drafts";

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
  tools: ReactNode;
};

export function Composer(props: ComposerProps) {
  const { draftId, inputRef, streaming, sending, onSend, tools } = props;
  const draft = draftOf(draftId);
  const text = useStore(draft);
  const tooLong = text.length > longestMessage;
  const canSend = text.trim() !== "" && !tooLong && !streaming && !sending;
  useAutoHeight(inputRef, text);
  useFocusOnOpen(inputRef, draftId);

  const send = () => {
    if (canSend) onSend(text.trim());
  };

  function onKeyDown(event: KeyboardEvent) {
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
      <label htmlFor="composer" className="sr-only">
        Message
      </label>
      <textarea
        id="composer"
        ref={inputRef}
        rows={1}
        dir="auto"
        value={text}
        placeholder="Ask anything"
        aria-invalid={tooLong}
        aria-describedby={tooLong ? "composer-note" : undefined}
        onChange={(event) => {
          draft.set(event.target.value);
          void preloadMarkdown();
        }}
        onKeyDown={onKeyDown}
        className="block max-h-[40dvh] w-full resize-none bg-transparent px-5 pt-4 pb-1 text-[1rem] leading-[1.55] outline-none placeholder:text-faint"
      />
      {tooLong && (
        <p id="composer-note" role="alert" className="px-5 pt-1 text-sm text-danger">
          {(text.length - longestMessage).toLocaleString()} characters too long.
        </p>
      )}
      <div className="flex items-center gap-2 p-2">
        <div className="min-w-0 flex-1">{tools}</div>
        <SendButton {...props} canSend={canSend} />
      </div>
    </form>
  );
}

function SendButton({
  streaming,
  sending,
  stopping,
  canSend,
  onStop,
}: ComposerProps & { canSend: boolean }) {
  const look =
    "grid size-10 shrink-0 place-items-center rounded-2xl transition-[background-color,opacity,transform] duration-150 active:scale-95";
  if (streaming) {
    return (
      <Tooltip label="Stop" shortcut="escape" side="top">
        <button
          type="button"
          aria-label="Stop"
          disabled={stopping}
          onClick={onStop}
          className={cx(look, "bg-ink text-canvas hover:opacity-85")}
        >
          {stopping ? (
            <Spinner className="size-4" />
          ) : (
            <Square className="size-3.5 fill-current" aria-hidden="true" />
          )}
        </button>
      </Tooltip>
    );
  }
  return (
    <Tooltip label="Send" shortcut="enter" side="top">
      <button
        type="submit"
        aria-label="Send"
        aria-disabled={!canSend}
        className={cx(
          look,
          canSend
            ? "bg-accent text-on-accent hover:bg-accent-strong"
            : "cursor-default! bg-hover text-faint",
        )}
      >
        {sending ? (
          <Spinner className="size-4" />
        ) : (
          <ArrowUp className="size-5" aria-hidden="true" />
        )}
      </button>
    </Tooltip>
  );
}

function useAutoHeight(ref: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const area = ref.current;
    if (area === null) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [ref, text]);
}

/** On a touch screen the focus would open the keyboard over the conversation. */
function useFocusOnOpen(ref: RefObject<HTMLTextAreaElement | null>, draftId: string): void {
  useEffect(() => {
    if (!touchOnly.matches) ref.current?.focus();
  }, [ref, draftId]);
}
