import { Pencil } from "lucide-react";
import { useId, type ReactNode } from "react";
import { useMay } from "@/api/rights";
import type { Message } from "@/api/types";
import { IconButton } from "@/components/ui/icon-button";
import { cx } from "@/lib/cx";
import { useStore } from "@/lib/store";
import { beginEdit, editing } from "../lib/editing";
import type { Place } from "../lib/forks";
import { pendingIn } from "../lib/message-actions";
import { fold, unfold, unfolded } from "../lib/unfolded";
import { BranchSwitch } from "./branch-switch";
import { CopyButton } from "./copy-button";
import { EditMessage } from "./edit-message";
import { MessageTime } from "./message-time";
import { UnsentEdit } from "./unsent-edit";

const longFrom = { characters: 1_400, lines: 18 };

type SentMessageProps = { message: Message; place: Place | null };

/** What was sent, which can be sent anew in other words. */
export function SentMessage({ message, place }: SentMessageProps) {
  const edit = useStore(editing);
  const mayWrite = useMay("chat:write");
  const pending = useStore(pendingIn(message.conversation_id));
  if (edit?.id === message.id && mayWrite) {
    return (
      <article aria-label="You" className="pb-9">
        <h2 className="sr-only">You said</h2>
        <EditMessage message={message} text={edit.text} />
      </article>
    );
  }
  return (
    <UserMessage
      id={message.id}
      text={message.content}
      sentAt={message.created_at}
      signs={
        <>
          {mayWrite && <UnsentEdit message={message} disabled={pending !== null} />}
          {place && <BranchSwitch conversationId={message.conversation_id} place={place} />}
        </>
      }
      actions={
        mayWrite && (
          <IconButton
            label="Edit message"
            size="small"
            disabled={pending !== null}
            data-edits={message.id}
            icon={<Pencil className="size-4" aria-hidden="true" />}
            onClick={() => beginEdit(message)}
          />
        )
      }
    />
  );
}

type UserMessageProps = {
  id: string;
  text: string;
  sentAt?: string;
  pending?: boolean;
  actions?: ReactNode;
  /** Always shown: they say that there is more than meets the eye. */
  signs?: ReactNode;
};

export function UserMessage(props: UserMessageProps) {
  const { id, text, sentAt, pending = false, actions, signs } = props;
  const isLong = text.length > longFrom.characters || text.split("\n").length > longFrom.lines;
  const open = useStore(unfolded).has(id);
  const bodyId = useId();
  return (
    <article
      aria-label="You"
      aria-busy={pending || undefined}
      className="group flex flex-col items-end"
    >
      <h2 className="sr-only">You said</h2>
      <div
        className={cx(
          "max-w-[85%] rounded-[1.25rem] rounded-br-md bg-bubble px-4 py-2.5 transition-opacity duration-150",
          pending && "opacity-60",
        )}
      >
        <div
          id={bodyId}
          dir="auto"
          className={cx(
            "text-[1rem] leading-[1.6] [overflow-wrap:anywhere] whitespace-pre-wrap",
            isLong && !open && "line-clamp-[12]",
          )}
        >
          {text}
        </div>
        {isLong && (
          <button
            type="button"
            aria-expanded={open}
            aria-controls={bodyId}
            onClick={() => (open ? fold(id) : unfold(id))}
            className="mt-1.5 rounded text-sm font-medium text-accent hover:underline"
          >
            {open ? "Show less" : "Show all"}
          </button>
        )}
      </div>
      <div className="mt-1 flex min-h-8 flex-wrap items-center justify-end">
        {sentAt !== undefined && <MessageTime at={sentAt} className="mr-1.5" />}
        <div className="flex opacity-0 transition-opacity duration-150 group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100">
          {!pending && <CopyButton text={text} label="Copy message" />}
          {actions}
        </div>
        {signs}
      </div>
    </article>
  );
}
