import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useState } from "react";
import { session } from "@/api/session";
import { useListLive } from "@/features/chat/hooks/use-list-live";
import { useFinishedStreams } from "@/features/chat/hooks/use-streams";
import { useWorkMark } from "@/features/chat/hooks/use-work-mark";
import { useModelsLive } from "@/features/models/api";
import { useShortcut } from "@/lib/shortcuts";
import { useStore } from "@/lib/store";
import { CommandPalette } from "./command-palette";
import { ConnectionBanner } from "./connection-banner";
import { ShortcutsDialog } from "./shortcuts-dialog";
import { Sidebar } from "./sidebar";
import { toggleSidebar } from "./sidebar-state";
import { enterAs, forgetEverything } from "./sign-out";
import { useRightsNews } from "./use-rights-news";
import { useSignedInUser } from "./use-user";

type Open = "palette" | "shortcuts" | null;

export function Workspace() {
  const user = useSignedInUser();
  useLeaveWhenSignedOut();
  // With the key, nothing drawn for one person is shown to the next.
  return user && <SignedInWorkspace key={user.id} userId={user.id} />;
}

function SignedInWorkspace({ userId }: { userId: string }) {
  // Before anything of the workspace is drawn.
  useState(() => enterAs(userId));
  const [open, setOpen] = useState<Open>(null);
  const navigate = useNavigate();
  const close = () => setOpen(null);
  useFinishedStreams();
  useWorkMark();
  useModelsLive();
  useListLive();
  useRightsNews();
  useShortcut("palette", () => setOpen(open === "palette" ? null : "palette"));
  useShortcut("help", () => setOpen(open === "shortcuts" ? null : "shortcuts"));
  useShortcut("newChat", () => {
    close();
    void navigate({ to: "/" });
  });
  useShortcut("sidebar", toggleSidebar);

  return (
    <div className="flex h-full flex-col">
      <a
        href="#chat"
        className="sr-only rounded-lg bg-ink text-sm font-medium text-canvas focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-50 focus:px-4 focus:py-2"
      >
        Skip to the chat
      </a>
      <ConnectionBanner />
      <div className="flex min-h-0 flex-1">
        <Sidebar onSearch={() => setOpen("palette")} onShortcuts={() => setOpen("shortcuts")} />
        <Outlet />
      </div>
      {open === "palette" && (
        <CommandPalette onClose={close} onShortcuts={() => setOpen("shortcuts")} />
      )}
      {open === "shortcuts" && <ShortcutsDialog onClose={close} />}
    </div>
  );
}

/** Also when another tab signed out, or the session was ended elsewhere. */
function useLeaveWhenSignedOut(): void {
  const state = useStore(session);
  const { phase } = state;
  const navigate = useNavigate();
  const { href } = useLocation();
  const leave = useEffectEvent(() => {
    const isChoice = state.phase === "signed-out" && state.by === "choice";
    const search = href === "/" || isChoice ? {} : { next: href };
    // Then, when nothing is shown any more that would fetch again what is forgotten.
    void navigate({ to: "/login", search, replace: true }).then(forgetEverything);
  });
  // Once: the way out passes through other addresses, which are not where to come back to.
  useEffect(() => {
    if (phase === "signed-out") leave();
  }, [phase]);
}
