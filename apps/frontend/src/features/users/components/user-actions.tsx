import { Ban, CircleCheck, Ellipsis, LogOut, Trash2 } from "lucide-react";
import type { User } from "@/api/types";
import { Menu, MenuItem, MenuSeparator } from "@/components/ui/menu";

export type UserAction = "disable" | "enable" | "end-sessions" | "delete";

type UserActionsProps = { user: User; own: boolean; onAction: (action: UserAction) => void };

const icon = "size-4";

export function UserActions({ user, own, onAction }: UserActionsProps) {
  const disabled = user.disabled_at !== null;
  return (
    <Menu
      align="end"
      trigger={
        <button
          type="button"
          aria-label={`Actions for ${user.username}`}
          className="inline-grid size-9 place-items-center rounded-[10px] text-soft hover:bg-hover hover:text-ink data-[state=open]:bg-hover"
        >
          <Ellipsis className="size-4.5" aria-hidden="true" />
        </button>
      }
    >
      {disabled ? (
        <MenuItem
          icon={<CircleCheck className={icon} aria-hidden="true" />}
          onSelect={() => onAction("enable")}
        >
          Enable
        </MenuItem>
      ) : (
        <MenuItem
          icon={<Ban className={icon} aria-hidden="true" />}
          disabled={own}
          onSelect={() => onAction("disable")}
        >
          Disable
        </MenuItem>
      )}
      <MenuItem
        icon={<LogOut className={icon} aria-hidden="true" />}
        onSelect={() => onAction("end-sessions")}
      >
        End all sessions
      </MenuItem>
      <MenuSeparator />
      <MenuItem
        danger
        icon={<Trash2 className={icon} aria-hidden="true" />}
        disabled={own}
        onSelect={() => onAction("delete")}
      >
        Delete
      </MenuItem>
    </Menu>
  );
}
