import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useMay } from "@/api/rights";
import type { Conversation } from "@/api/types";
import { cx } from "@/lib/cx";
import { shownTitle } from "@/lib/words";
import { changeConversation, deleteConversation, type WayBack } from "../api/conversations";
import { ConversationMenu } from "./conversation-menu";
import { RenameField } from "./rename-field";
import { WorkSign } from "./work-sign";

type ConversationItemProps = {
  conversation: Conversation;
  current: boolean;
  onLeaveCurrent: () => WayBack;
};

/** Who deletes by the keyboard goes on beside what went. */
function focusNeighbour(link: HTMLAnchorElement | null): void {
  const links = [...(link?.closest("nav")?.querySelectorAll("a") ?? [])];
  const at = link === null ? -1 : links.indexOf(link);
  (links[at + 1] ?? links[at - 1])?.focus();
}

export function titleOf({ title }: Conversation): string {
  return shownTitle(title);
}

export function ConversationItem({ conversation, current, onLeaveCurrent }: ConversationItemProps) {
  const [renaming, setRenaming] = useState(false);
  const link = useRef<HTMLAnchorElement>(null);
  const mayWrite = useMay("chat:write");

  function rename(title: string | null, focusIsFree: boolean) {
    setRenaming(false);
    if (title !== null && title !== conversation.title)
      void changeConversation(conversation, { title });
    if (focusIsFree) requestAnimationFrame(() => link.current?.focus());
  }

  function remove() {
    if (!current) focusNeighbour(link.current);
    void deleteConversation(conversation, current ? onLeaveCurrent() : undefined);
  }

  if (renaming) {
    return (
      <li className="px-0.5 py-px">
        <RenameField title={conversation.title} onDone={rename} />
      </li>
    );
  }
  return (
    <li className="group relative">
      <Link
        ref={link}
        to="/c/$conversationId"
        params={{ conversationId: conversation.id }}
        title={titleOf(conversation)}
        aria-current={current ? "page" : undefined}
        onKeyDown={(event) => {
          if (!mayWrite) return;
          if (event.key === "F2") setRenaming(true);
          if (event.key === "Delete" && !event.repeat) remove();
        }}
        className={cx(
          "flex h-9 items-center rounded-[10px] px-3 text-sm transition-colors duration-100 group-focus-within:pr-10 group-hover:pr-10 focus-visible:-outline-offset-2 pointer-coarse:h-11 pointer-coarse:pr-10",
          current
            ? "bg-selected font-medium"
            : "text-soft group-hover:bg-hover group-hover:text-ink",
        )}
      >
        <bdi className="min-w-0 flex-1 truncate">{titleOf(conversation)}</bdi>
        <WorkSign conversationId={conversation.id} />
      </Link>
      {mayWrite && (
        <ConversationMenu
          title={titleOf(conversation)}
          onRename={() => setRenaming(true)}
          onDelete={remove}
          className="absolute inset-y-0 right-1 my-auto size-7 rounded-lg opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100 pointer-coarse:size-9 pointer-coarse:opacity-100"
        />
      )}
    </li>
  );
}
