import { useNavigate } from "@tanstack/react-router";
import { PanelLeft, SquarePen } from "lucide-react";
import type { ReactNode } from "react";
import { useMay } from "@/api/rights";
import { IconButton } from "@/components/ui/icon-button";
import { ChatHeader } from "@/features/chat/components/chat-header";
import { cx } from "@/lib/cx";
import { shortcuts } from "@/lib/shortcuts";
import { useStore } from "@/lib/store";
import { sidebarPinned, toggleSidebar } from "./sidebar-state";

/** The main area of the workspace: the header, and the chat that fills the rest. */
export function ChatFrame({ title, children }: { title?: ReactNode; children: ReactNode }) {
  const pinned = useStore(sidebarPinned);
  const navigate = useNavigate();
  const mayWrite = useMay("chat:write");
  return (
    <main id="chat" className="flex h-full min-w-0 flex-1 flex-col" tabIndex={-1}>
      <ChatHeader
        title={title}
        start={
          <IconButton
            label="Show the chat list"
            shortcut={shortcuts.sidebar.combo}
            icon={<PanelLeft className="size-4.5" aria-hidden="true" />}
            className={cx(pinned && "md:hidden")}
            onClick={toggleSidebar}
          />
        }
        end={
          mayWrite && (
            <IconButton
              label="New chat"
              shortcut={shortcuts.newChat.combo}
              icon={<SquarePen className="size-4.5" aria-hidden="true" />}
              className={cx(pinned && "md:hidden")}
              onClick={() => void navigate({ to: "/" })}
            />
          )
        }
      />
      {children}
    </main>
  );
}
