import { Ellipsis, Pencil, Trash2 } from "lucide-react";
import { useRef, type Ref } from "react";
import { Menu, MenuItem } from "@/components/ui/menu";
import { cx } from "@/lib/cx";

type ConversationMenuProps = {
  title: string;
  onRename: () => void;
  onDelete: () => void;
  /** Of the button that opens it. */
  className: string;
  buttonRef?: Ref<HTMLButtonElement>;
};

/** What can be done with a chat, from the list and from its own header. */
export function ConversationMenu({
  title,
  onRename,
  onDelete,
  className,
  buttonRef,
}: ConversationMenuProps) {
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
          ref={buttonRef}
          aria-label={`Options for ${title}`}
          className={cx("grid shrink-0 place-items-center text-soft hover:text-ink", className)}
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
