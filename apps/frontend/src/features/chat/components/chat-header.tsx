import type { ReactNode } from "react";

type ChatHeaderProps = { title: string; start: ReactNode; end: ReactNode };

export function ChatHeader({ title, start, end }: ChatHeaderProps) {
  return (
    <header className="flex h-14 shrink-0 items-center gap-1 px-3 pt-[env(safe-area-inset-top)]">
      {start}
      {title === "" ? (
        <span className="flex-1" />
      ) : (
        <h1 className="min-w-0 flex-1 truncate px-2 text-sm font-medium text-soft">{title}</h1>
      )}
      {end}
    </header>
  );
}
