import { Link } from "@tanstack/react-router";
import { Ellipsis, Pencil, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { useMay } from "@/api/rights";
import type { Conversation } from "@/api/types";
import { Menu, MenuItem } from "@/components/ui/menu";
import { cx } from "@/lib/cx";
import { changeConversation, deleteConversation } from "../api/conversations";
import { RenameField } from "./rename-field";

type ConversationItemProps = {
  conversation: Conversation;
  current: boolean;
  onDeletedCurrent: () => void;
};

export function titleOf({ title }: Conversation): string {
  return title === "" ? "New chat" : title;
}

export function ConversationItem({
  conversation,
  current,
  onDeletedCurrent,
}: ConversationItemProps) {
  const [renaming, setRenaming] = useState(false);
  const link = useRef<HTMLAnchorElement>(null);
  const mayWrite = useMay("chat:write");

  function rename(title: string | null) {
    setRenaming(false);
    if (title !== null && title !== conversation.title)
      void changeConversation(conversation, { title });
    requestAnimationFrame(() => link.current?.focus());
  }

  function remove() {
    if (current) onDeletedCurrent();
    void deleteConversation(conversation);
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
        aria-current={current ? "page" : undefined}
        onKeyDown={(event) => {
          if (!mayWrite) return;
          if (event.key === "F2") setRenaming(true);
          if (event.key === "Delete") remove();
        }}
        className={cx(
          "flex h-9 items-center rounded-[10px] px-3 text-sm transition-colors duration-100 group-focus-within:pr-10 group-hover:pr-10 focus-visible:-outline-offset-2 pointer-coarse:h-11 pointer-coarse:pr-10",
          current
            ? "bg-selected font-medium"
            : "text-soft group-hover:bg-hover group-hover:text-ink",
        )}
      >
        <span className="truncate">{titleOf(conversation)}</span>
      </Link>
      {mayWrite && (
        <ItemMenu
          title={titleOf(conversation)}
          onRename={() => setRenaming(true)}
          onDelete={remove}
        />
      )}
    </li>
  );
}

type ItemMenuProps = { title: string; onRename: () => void; onDelete: () => void };

function ItemMenu({ title, onRename, onDelete }: ItemMenuProps) {
  const leaving = useRef(false);
  const leave = (act: () => void) => () => {
    leaving.current = true;
    act();
  };
  return (
    <Menu
      // The focus goes to what was chosen: the field to rename in, or the page after deleting.
      onCloseAutoFocus={(event) => leaving.current && event.preventDefault()}
      trigger={
        <button
          type="button"
          aria-label={`Options for ${title}`}
          className="absolute inset-y-0 right-1 my-auto grid size-7 place-items-center rounded-lg text-soft opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 hover:text-ink data-[state=open]:opacity-100 pointer-coarse:size-9 pointer-coarse:opacity-100"
        >
          <Ellipsis className="size-4" aria-hidden="true" />
        </button>
      }
    >
      <MenuItem icon={<Pencil className="size-4" aria-hidden="true" />} onSelect={leave(onRename)}>
        Rename
      </MenuItem>
      <MenuItem
        danger
        icon={<Trash2 className="size-4" aria-hidden="true" />}
        onSelect={leave(onDelete)}
      >
        Delete
      </MenuItem>
    </Menu>
  );
}
