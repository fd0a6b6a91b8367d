import type { ReactNode } from "react";

type ChatHeaderProps = { title: ReactNode; start: ReactNode; end: ReactNode };

export function ChatHeader({ title, start, end }: ChatHeaderProps) {
  return (
    <header className="flex h-[calc(3.5rem+env(safe-area-inset-top))] shrink-0 items-center gap-1 px-3 pt-[env(safe-area-inset-top)]">
      {start}
      {title}
      <span className="flex-1" />
      {end}
    </header>
  );
}
