import { Link, useParams, useRouter } from "@tanstack/react-router";
import { PanelLeft, Search, SquarePen } from "lucide-react";
import { useEffect, useEffectEvent } from "react";
import { useMay } from "@/api/rights";
import { IconButton } from "@/components/ui/icon-button";
import { Keys } from "@/components/ui/keys";
import { Modal } from "@/components/ui/modal";
import { Logo } from "@/components/ui/logo";
import { ConversationList } from "@/features/chat/components/conversation-list";
import { cx } from "@/lib/cx";
import { shortcuts } from "@/lib/shortcuts";
import { useStore } from "@/lib/store";
import { sidebarDrawn, sidebarPinned, toggleSidebar } from "./sidebar-state";
import { useLeaveChat } from "./use-leave-chat";
import { UserMenu } from "./user-menu";

type SidebarProps = { onSearch: () => void; onShortcuts: () => void };

export function Sidebar(props: SidebarProps) {
  const pinned = useStore(sidebarPinned);
  const drawn = useStore(sidebarDrawn);
  return (
    <>
      {pinned && (
        <div className="w-[17.5rem] shrink-0 border-r border-line bg-panel max-md:hidden">
          <SidebarContent {...props} />
        </div>
      )}
      {drawn && <Drawer {...props} />}
    </>
  );
}

/** The same list as a modal over the chat, for narrow screens. */
function Drawer({ onSearch, onShortcuts }: SidebarProps) {
  const close = () => sidebarDrawn.set(false);
  const closeThen = (act: () => void) => () => {
    close();
    act();
  };
  useCloseOnNavigation(close);
  return (
    <Modal
      label="Chats"
      keepsShortcuts
      onClose={close}
      className="motion-slide-in fixed inset-y-0 left-0 m-0 h-dvh max-h-none w-[min(20rem,86vw)] max-w-none border-0 bg-panel p-0 pl-[env(safe-area-inset-left)] shadow-float backdrop:bg-[var(--scrim)] md:hidden"
    >
      <SidebarContent onSearch={closeThen(onSearch)} onShortcuts={closeThen(onShortcuts)} />
    </Modal>
  );
}

function useCloseOnNavigation(close: () => void): void {
  const router = useRouter();
  const onNavigation = useEffectEvent(close);
  useEffect(() => router.subscribe("onBeforeNavigate", () => onNavigation()), [router]);
}

const row =
  "text-soft hover:bg-hover hover:text-ink flex h-9 w-full items-center gap-2.5 rounded-[10px] px-3 text-sm font-medium transition-colors duration-100 focus-visible:-outline-offset-2 pointer-coarse:h-11";

function SidebarContent({ onSearch, onShortcuts }: SidebarProps) {
  const { conversationId } = useParams({ strict: false });
  const leaveChat = useLeaveChat();
  const mayWrite = useMay("chat:write");
  return (
    <aside
      aria-label="Workspace"
      className="flex h-full flex-col pt-[env(safe-area-inset-top)] pb-[env(safe-area-inset-bottom)]"
    >
      <div className="flex h-14 items-center justify-between pr-2 pl-4">
        <Link to="/" aria-label="Web+, new chat" className="flex rounded-lg">
          <Logo />
        </Link>
        <IconButton
          label="Hide the chat list"
          shortcut={shortcuts.sidebar.combo}
          icon={<PanelLeft className="size-4.5" aria-hidden="true" />}
          onClick={toggleSidebar}
        />
      </div>
      <div className="grid gap-0.5 px-2 pb-3">
        {mayWrite && (
          <Link to="/" className={cx(row, "group")}>
            <SquarePen className="size-4 text-accent" aria-hidden="true" />
            <span className="flex-1">New chat</span>
            <Keys
              decorative
              combo={shortcuts.newChat.combo}
              className="text-faint opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100 pointer-coarse:hidden"
            />
          </Link>
        )}
        <button type="button" onClick={onSearch} className={cx(row, "group text-left")}>
          <Search className="size-4" aria-hidden="true" />
          <span className="flex-1">Search</span>
          <Keys
            decorative
            combo={shortcuts.palette.combo}
            className="text-faint opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100 pointer-coarse:hidden"
          />
        </button>
      </div>
      <nav
        aria-label="Chats"
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 pt-1"
      >
        <ConversationList
          currentId={conversationId ?? null}
          onLeaveCurrent={() => leaveChat(conversationId ?? "")}
        />
      </nav>
      <div className="border-t border-line p-2">
        <UserMenu onShortcuts={onShortcuts} />
      </div>
    </aside>
  );
}
