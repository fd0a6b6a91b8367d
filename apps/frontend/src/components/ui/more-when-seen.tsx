import { useEffect, useRef, type ReactNode } from "react";
import { Button } from "./button";

type Pages = {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  fetchNextPage: () => unknown;
};

type MoreProps = { query: Pages; label: string; className?: string; children: ReactNode };

/** Stands at the end of a list in pages: fetches the next one as it comes near. */
export function MoreWhenSeen({ query, label, className, children }: MoreProps) {
  if (query.isFetchNextPageError) {
    return (
      <div className={className}>
        <Button size="small" onClick={() => query.fetchNextPage()}>
          Fetch more
        </Button>
      </div>
    );
  }
  if (!query.hasNextPage) return null;
  return (
    <Sentinel label={label} busy={query.isFetchingNextPage} onSeen={() => query.fetchNextPage()}>
      {children}
    </Sentinel>
  );
}

type SentinelProps = { label: string; busy: boolean; onSeen: () => void; children: ReactNode };

function Sentinel({ label, busy, onSeen, children }: SentinelProps) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (ref.current === null || busy) return;
    const observer = new IntersectionObserver(
      ([entry]) => entry?.isIntersecting === true && onSeen(),
      { rootMargin: "400px" },
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  });
  return (
    <div ref={ref} role="status" aria-label={label}>
      {children}
    </div>
  );
}
