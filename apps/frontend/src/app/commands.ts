import { useNavigate } from "@tanstack/react-router";
import {
  CircleHelp,
  Keyboard,
  KeyRound,
  LogOut,
  MessageSquare,
  Monitor,
  Moon,
  PanelLeft,
  Settings,
  ShieldCheck,
  SquarePen,
  Sun,
  Trash2,
  type LucideIcon,
} from "lucide-react";
import { useMay } from "@/api/rights";
import type { Conversation } from "@/api/types";
import { titleOf } from "@/features/chat/components/conversation-item";
import { shortcuts } from "@/lib/shortcuts";
import { setTheme } from "@/lib/theme";
import { toggleSidebar } from "./sidebar-state";
import { signOutHere } from "./sign-out";
import { useAdministers } from "./use-user";

export type Command = {
  id: string;
  label: string;
  icon: LucideIcon;
  shortcut?: string;
  run: () => void;
};

/** Everything the palette can do: the actions first, then the chats, newest first. */
export function useCommands(
  conversations: readonly Conversation[],
  onShortcuts: () => void,
): Command[] {
  const navigate = useNavigate();
  const administers = useAdministers();
  const mayWrite = useMay("chat:write");
  const chats = conversations.map((conversation) => ({
    id: conversation.id,
    label: titleOf(conversation),
    icon: MessageSquare,
    run: () =>
      void navigate({ to: "/c/$conversationId", params: { conversationId: conversation.id } }),
  }));
  return [
    ...(mayWrite
      ? [
          {
            id: "new",
            label: "New chat",
            icon: SquarePen,
            shortcut: shortcuts.newChat.combo,
            run: () => void navigate({ to: "/" }),
          },
        ]
      : []),
    ...chats.slice(0, 5),
    {
      id: "sidebar",
      label: shortcuts.sidebar.label,
      icon: PanelLeft,
      shortcut: shortcuts.sidebar.combo,
      run: toggleSidebar,
    },
    {
      id: "settings",
      label: "Settings",
      icon: Settings,
      run: () => void navigate({ to: "/settings/profile" }),
    },
    {
      id: "api-keys",
      label: "Settings: API keys",
      icon: KeyRound,
      run: () => void navigate({ to: "/settings/api-keys" }),
    },
    {
      id: "deleted",
      label: "Deleted chats",
      icon: Trash2,
      run: () => void navigate({ to: "/settings/deleted" }),
    },
    ...(administers
      ? [
          {
            id: "admin",
            label: "Administration",
            icon: ShieldCheck,
            run: () => void navigate({ to: "/admin" }),
          },
        ]
      : []),
    { id: "light", label: "Theme: light", icon: Sun, run: () => setTheme("light") },
    { id: "dark", label: "Theme: dark", icon: Moon, run: () => setTheme("dark") },
    { id: "system", label: "Theme: as the system", icon: Monitor, run: () => setTheme("system") },
    {
      id: "keys",
      label: "Keyboard shortcuts",
      icon: Keyboard,
      shortcut: shortcuts.help.combo,
      run: onShortcuts,
    },
    {
      id: "help",
      label: "Help",
      icon: CircleHelp,
      run: () => void navigate({ to: "/help/{-$name}", params: { name: "user-guide" } }),
    },
    { id: "sign-out", label: "Sign out", icon: LogOut, run: () => void signOutHere() },
    ...chats.slice(5),
  ];
}
