import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import {
  CircleHelp,
  Copy,
  Keyboard,
  LogOut,
  MessageSquare,
  Monitor,
  Moon,
  PanelLeft,
  Pencil,
  SquarePen,
  Sun,
  Trash2,
  type LucideIcon,
} from "lucide-react";
import { useMay, useOwnPermissions } from "@/api/rights";
import type { Conversation } from "@/api/types";
import { conversationQuery, deleteConversation } from "@/features/chat/api/conversations";
import { titleOf } from "@/features/chat/components/conversation-item";
import { copyLastAnswer } from "@/features/chat/lib/copy-last";
import { renamingOpen } from "@/features/chat/lib/renaming";
import { shortcuts } from "@/lib/shortcuts";
import { setTheme } from "@/lib/theme";
import { adminPages, settingsPages } from "./area-pages";
import { toggleSidebar } from "./sidebar-state";
import { signOutHere } from "./sign-out";
import { useLeaveChat } from "./use-leave-chat";

export type Command = {
  id: string;
  label: string;
  icon: LucideIcon;
  shortcut?: string;
  run: () => void;
};

const mostChatsFirst = 5;

/** Everything the palette can do: what concerns chats first, then the rest, then older chats. */
export function useCommands(
  conversations: readonly Conversation[],
  onShortcuts: () => void,
): Command[] {
  const navigate = useNavigate();
  const chats = conversations.map((conversation) => ({
    id: conversation.id,
    label: titleOf(conversation),
    icon: MessageSquare,
    run: () =>
      void navigate({ to: "/c/$conversationId", params: { conversationId: conversation.id } }),
  }));
  return [
    ...useNewChat(),
    ...chats.slice(0, mostChatsFirst),
    ...useOpenChatCommands(),
    {
      id: "sidebar",
      label: shortcuts.sidebar.label,
      icon: PanelLeft,
      shortcut: shortcuts.sidebar.combo,
      run: toggleSidebar,
    },
    ...usePageCommands(),
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
    ...chats.slice(mostChatsFirst),
  ];
}

function useNewChat(): Command[] {
  const navigate = useNavigate();
  if (!useMay("chat:write")) return [];
  return [
    {
      id: "new",
      label: "New chat",
      icon: SquarePen,
      shortcut: shortcuts.newChat.combo,
      run: () => void navigate({ to: "/" }),
    },
  ];
}

/** What can be done with the chat that is open. */
function useOpenChatCommands(): Command[] {
  const leaveChat = useLeaveChat();
  const mayWrite = useMay("chat:write");
  const { conversationId } = useParams({ strict: false });
  // Which fetches it is the page that shows it; it may be further down than the list was loaded.
  const { data: open } = useQuery({ ...conversationQuery(conversationId ?? ""), enabled: false });
  if (open?.deleted_at !== null) return [];
  const copy = {
    id: "copy-last",
    label: shortcuts.copyLast.label,
    icon: Copy,
    shortcut: shortcuts.copyLast.combo,
    run: () => void copyLastAnswer(open.id),
  };
  if (!mayWrite) return [copy];
  return [
    copy,
    {
      id: "rename",
      label: "Rename this chat",
      icon: Pencil,
      run: () => renamingOpen.set(open.id),
    },
    {
      id: "delete",
      label: "Delete this chat",
      icon: Trash2,
      run: () => void deleteConversation(open, leaveChat(open.id)),
    },
  ];
}

/** Each page of settings and administration that one may see. */
function usePageCommands(): Command[] {
  const navigate = useNavigate();
  const own = useOwnPermissions();
  const areas = [
    ["Settings", settingsPages],
    ["Administration", adminPages],
  ] as const;
  return areas.flatMap(([area, pages]) =>
    pages
      .filter(({ needs }) => needs === undefined || own.includes(needs))
      .map(({ to, label, icon }) => ({
        id: to,
        label: `${area}: ${label}`,
        icon,
        run: () => void navigate({ to }),
      })),
  );
}
