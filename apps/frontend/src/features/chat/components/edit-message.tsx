import { useEffect, useRef, type KeyboardEvent } from "react";
import type { Message } from "@/api/types";
import { Button } from "@/components/ui/button";
import { isApple } from "@/lib/shortcuts";
import { useStore } from "@/lib/store";
import { changeEdit, editing, endEdit } from "../lib/editing";
import { composerId, focusComposer } from "../lib/focus-composer";
import { pendingIn, sendEdit } from "../lib/message-actions";
import { longestMessage } from "./composer";

export function EditMessage({ message, text }: { message: Message; text: string }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const cameFrom = useRef<Element | null>(null);
  const pending = useStore(pendingIn(message.conversation_id));
  const canSend = text.trim() !== "" && text.length <= longestMessage && pending === null;

  useEffect(() => {
    const area = field.current;
    cameFrom.current = document.activeElement;
    area?.focus({ preventScroll: true });
    area?.setSelectionRange(area.value.length, area.value.length);
  }, []);

  const send = () => {
    if (!canSend) return;
    void sendEdit(message, text.trim()).then(() => {
      if (editing.get() === null) focusComposer();
    });
  };
  const cancel = () => {
    endEdit(message);
    if (cameFrom.current?.id === composerId) focusComposer();
    else focusEditButton(message.id);
  };
  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") cancel();
    if (event.key === "Enter" && (isApple ? event.metaKey : event.ctrlKey)) send();
  }
  return (
    <form
      data-editing
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="w-full rounded-3xl border border-line-strong bg-raised p-2 focus-within:border-accent"
    >
      <textarea
        ref={field}
        dir="auto"
        aria-label="Edit the message"
        value={text}
        onChange={(event) => changeEdit(message, event.target.value)}
        onKeyDown={onKeyDown}
        className="block [field-sizing:content] max-h-[50dvh] min-h-16 w-full resize-none bg-transparent px-3 pt-2 text-[1rem] leading-[1.55] outline-none [font-kerning:none] [font-variant-ligatures:none]"
      />
      <div className="flex flex-wrap items-center justify-end gap-2 pt-1">
        <p className="mr-auto px-3 text-xs text-faint max-sm:hidden">
          A new version; this one is kept.
        </p>
        <Button size="small" variant="ghost" onClick={cancel}>
          Cancel
        </Button>
        <Button
          size="small"
          variant="primary"
          type="submit"
          busy={pending === "edit"}
          disabled={!canSend}
        >
          Send
        </Button>
      </div>
    </form>
  );
}

/** The button comes back with the message as it was. */
function focusEditButton(messageId: string): void {
  requestAnimationFrame(() =>
    document
      .querySelector<HTMLElement>(`[data-edits="${messageId}"]`)
      ?.focus({ preventScroll: true }),
  );
}
