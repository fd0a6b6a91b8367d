import { useNavigate } from "@tanstack/react-router";
import {
  ChevronsUpDown,
  CircleHelp,
  Keyboard,
  LogOut,
  Monitor,
  Moon,
  Settings,
  ShieldCheck,
  Sun,
} from "lucide-react";
import { Avatar } from "@/components/ui/avatar";
import {
  Menu,
  MenuChoice,
  MenuChoices,
  MenuItem,
  MenuLabel,
  MenuSeparator,
} from "@/components/ui/menu";
import { setTheme, theme, type Theme } from "@/lib/theme";
import { useStore } from "@/lib/store";
import { signOutHere } from "./sign-out";
import { useAdministers, useSignedInUser } from "./use-user";

const themes = [
  { value: "light", label: "Light", icon: Sun },
  { value: "dark", label: "Dark", icon: Moon },
  { value: "system", label: "As the system", icon: Monitor },
] as const;

export function UserMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const user = useSignedInUser();
  const chosen = useStore(theme);
  const navigate = useNavigate();
  const administers = useAdministers();
  if (user === null) return null;
  return (
    <Menu
      side="top"
      className="w-60"
      trigger={
        <button
          type="button"
          className="flex w-full items-center gap-2.5 rounded-[10px] px-2 py-1.5 text-left transition-colors duration-100 hover:bg-hover focus-visible:-outline-offset-2 data-[state=open]:bg-hover"
        >
          <Avatar name={user.username} />
          <span className="min-w-0 flex-1">
            <span className="sr-only">Account: </span>
            <span className="block truncate text-sm font-medium">{user.username}</span>
            <span className="block truncate text-xs text-faint capitalize">{user.role}</span>
          </span>
          <ChevronsUpDown className="size-4 text-faint" aria-hidden="true" />
        </button>
      }
    >
      <MenuItem
        icon={<Settings className="size-4" aria-hidden="true" />}
        onSelect={() => void navigate({ to: "/settings/profile" })}
      >
        Settings
      </MenuItem>
      {administers && (
        <MenuItem
          icon={<ShieldCheck className="size-4" aria-hidden="true" />}
          onSelect={() => void navigate({ to: "/admin" })}
        >
          Administration
        </MenuItem>
      )}
      <MenuSeparator />
      <MenuLabel>Theme</MenuLabel>
      <MenuChoices value={chosen} onValueChange={(value) => setTheme(value as Theme)}>
        {themes.map(({ value, label, icon: Icon }) => (
          <MenuChoice key={value} value={value} onSelect={(event) => event.preventDefault()}>
            <Icon className="size-4" aria-hidden="true" />
            {label}
          </MenuChoice>
        ))}
      </MenuChoices>
      <MenuSeparator />
      <MenuItem
        icon={<CircleHelp className="size-4" aria-hidden="true" />}
        onSelect={() => void navigate({ to: "/help/{-$name}", params: { name: "user-guide" } })}
      >
        Help
      </MenuItem>
      <MenuItem icon={<Keyboard className="size-4" aria-hidden="true" />} onSelect={onShortcuts}>
        Keyboard shortcuts
      </MenuItem>
      <MenuSeparator />
      <MenuItem
        icon={<LogOut className="size-4" aria-hidden="true" />}
        onSelect={() => void signOutHere()}
      >
        Sign out
      </MenuItem>
    </Menu>
  );
}
