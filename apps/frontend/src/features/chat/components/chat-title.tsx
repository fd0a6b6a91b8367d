import { useRef } from "react";
import { useMay } from "@/api/rights";
import type { Conversation } from "@/api/types";
import { useStore } from "@/lib/store";
import { changeConversation, deleteConversation, type WayBack } from "../api/conversations";
import { renamingOpen } from "../lib/renaming";
import { titleOf } from "./conversation-item";
import { ConversationMenu } from "./conversation-menu";
import { RenameField } from "./rename-field";

type ChatTitleProps = {
  conversation: Conversation;
  /** It is being deleted, so there is nothing to stay at. */
  onLeave: () => WayBack;
};

/** The title over the messages, with what can be done with the chat. */
export function ChatTitle({ conversation, onLeave }: ChatTitleProps) {
  const renaming = useStore(renamingOpen) === conversation.id;
  const setRenaming = (on: boolean) => renamingOpen.set(on ? conversation.id : null);
  const mayWrite = useMay("chat:write");
  const menuButton = useRef<HTMLButtonElement>(null);
  const title = titleOf(conversation);
  if (renaming) {
    const rename = (chosen: string | null, focusIsFree: boolean) => {
      setRenaming(false);
      if (focusIsFree) requestAnimationFrame(() => menuButton.current?.focus());
      if (chosen !== null && chosen !== conversation.title)
        void changeConversation(conversation, { title: chosen });
    };
    return (
      <div className="max-w-96 min-w-0 flex-1">
        <RenameField title={conversation.title} onDone={rename} />
      </div>
    );
  }
  return (
    <>
      <h1 className="min-w-0 truncate px-2 text-sm font-medium text-soft" title={title}>
        <bdi>{title}</bdi>
      </h1>
      {mayWrite && (
        <ConversationMenu
          title="this chat"
          buttonRef={menuButton}
          onRename={() => setRenaming(true)}
          onDelete={() => void deleteConversation(conversation, onLeave())}
          className="size-9 rounded-[10px] hover:bg-hover"
        />
      )}
    </>
  );
}
