import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { PanelLeft, type LucideIcon } from "lucide-react";
import { useEffect, useRef, type RefObject } from "react";
import { useOwnPermissions } from "@/api/rights";
import type { Permission } from "@/api/types";
import { IconButton } from "@/components/ui/icon-button";
import { cx } from "@/lib/cx";
import { shortcuts } from "@/lib/shortcuts";
import { useStore } from "@/lib/store";
import { useTitle } from "@/lib/use-title";
import { Forbidden } from "./forbidden";
import { sidebarPinned, toggleSidebar } from "./sidebar-state";

export type AreaPage = {
  to:
    | "/settings/profile"
    | "/settings/password"
    | "/settings/sessions"
    | "/settings/api-keys"
    | "/settings/deleted"
    | "/settings/data"
    | "/admin/users"
    | "/admin/roles"
    | "/admin/audit"
    | "/admin/settings";
  label: string;
  icon: LucideIcon;
  /** What one has to be allowed to see it; without it, everybody is. */
  needs?: Permission;
};

/** Several pages under one title, with their own navigation: settings, administration. */
export function Area({ title, pages }: { title: string; pages: readonly AreaPage[] }) {
  const own = useOwnPermissions();
  const { pathname } = useLocation();
  const pinned = useStore(sidebarPinned);
  const scroller = useRef<HTMLDivElement>(null);
  const allowed = pages.filter(({ needs }) => needs === undefined || own.includes(needs));
  const current = pages.find(({ to }) => to === pathname);
  useTitle(current === undefined ? title : `${current.label} · ${title}`);
  useEffect(() => {
    scroller.current?.scrollTo(0, 0);
  }, [pathname]);

  return (
    <main id="chat" tabIndex={-1} className="flex h-full min-w-0 flex-1 flex-col">
      <header className="flex h-[calc(3.5rem+env(safe-area-inset-top))] shrink-0 items-center gap-2 border-b border-line px-3 pt-[env(safe-area-inset-top)]">
        <IconButton
          label="Show the chat list"
          shortcut={shortcuts.sidebar.combo}
          icon={<PanelLeft className="size-4.5" aria-hidden="true" />}
          className={cx(pinned && "md:hidden")}
          onClick={toggleSidebar}
        />
        <p className="px-1.5 font-semibold tracking-[-0.015em]">{title}</p>
      </header>
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto overscroll-contain">
        <div className="mx-auto grid max-w-5xl gap-x-12 gap-y-6 px-4 pt-4 pb-24 sm:px-6 lg:grid-cols-[11rem_minmax(0,1fr)] lg:pt-10">
          <AreaNavigation title={title} pages={allowed} />
          <div className="motion-appear min-w-0" key={pathname}>
            {current === undefined || allowed.includes(current) ? (
              <Outlet />
            ) : (
              <Forbidden needs={current.needs} />
            )}
          </div>
        </div>
      </div>
    </main>
  );
}

/** On a narrow screen the navigation is one line, which may be longer than the screen. */
function useCurrentInView(nav: RefObject<HTMLElement | null>, pathname: string): void {
  useEffect(() => {
    const show = () => {
      const current = nav.current?.querySelector("[aria-current=page]");
      current?.scrollIntoView({ block: "nearest", inline: "center" });
    };
    show();
    // Again, once the words have the widths of the face that is being fetched.
    void document.fonts.ready.then(show);
  }, [nav, pathname]);
}

function AreaNavigation({ title, pages }: { title: string; pages: readonly AreaPage[] }) {
  const { pathname } = useLocation();
  const nav = useRef<HTMLElement>(null);
  useCurrentInView(nav, pathname);
  return (
    <nav
      ref={nav}
      aria-label={title}
      className="max-lg:-mx-4 max-lg:overflow-x-auto max-lg:px-4 max-lg:pb-1 lg:sticky lg:top-10 lg:self-start"
    >
      <ul className="flex gap-1 max-lg:w-max lg:flex-col">
        {pages.map(({ to, label, icon: Icon }) => (
          <li key={to}>
            <Link
              to={to}
              activeProps={{ className: "bg-selected font-medium", "aria-current": "page" }}
              inactiveProps={{ className: "text-soft hover:bg-hover hover:text-ink" }}
              className="flex h-9 items-center gap-2.5 rounded-[10px] px-3 text-sm whitespace-nowrap transition-colors duration-100 focus-visible:-outline-offset-2 pointer-coarse:h-11"
            >
              <Icon className="size-4 shrink-0 max-sm:hidden" aria-hidden="true" />
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
