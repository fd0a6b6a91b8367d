import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { errorText } from "@/api/problem";
import type { Conversation } from "@/api/types";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { groupByDay } from "@/lib/day-groups";
import { conversationsQuery } from "../api/conversations";
import { useListLive } from "../hooks/use-list-live";
import { ConversationItem } from "./conversation-item";

type ConversationListProps = {
  currentId: string | null;
  /** The open conversation was deleted, so there is nothing to stay at. */
  onDeletedCurrent: () => void;
};

export function ConversationList({ currentId, onDeletedCurrent }: ConversationListProps) {
  const query = useInfiniteQuery(conversationsQuery);
  useListLive();
  if (query.data === undefined) {
    return query.error ? (
      <div className="px-3 py-2 text-sm">
        <p className="mb-3 text-soft">{errorText(query.error)}</p>
        <Button size="small" onClick={() => void query.refetch()}>
          Try again
        </Button>
      </div>
    ) : (
      <ListSkeleton />
    );
  }
  const conversations = query.data.pages.flatMap(({ items }) => items);
  if (conversations.length === 0) {
    return (
      <p className="px-3 py-2 text-sm text-pretty text-faint">Your chats will be listed here.</p>
    );
  }
  return (
    <>
      {groupByDay(conversations, timeOf, new Date()).map(({ label, items }) => (
        <section key={label} aria-label={label} className="mb-4">
          <h2 className="px-3 pt-1 pb-1.5 text-xs font-medium text-faint">{label}</h2>
          <ul>
            {items.map((conversation) => (
              <ConversationItem
                key={conversation.id}
                conversation={conversation}
                current={conversation.id === currentId}
                onDeletedCurrent={onDeletedCurrent}
              />
            ))}
          </ul>
        </section>
      ))}
      {query.isFetchNextPageError && (
        <Button size="small" className="mx-3" onClick={() => void query.fetchNextPage()}>
          Fetch more
        </Button>
      )}
      {query.hasNextPage && !query.isFetchNextPageError && (
        <MoreWhenSeen busy={query.isFetchingNextPage} onSeen={() => void query.fetchNextPage()} />
      )}
    </>
  );
}

const timeOf = ({ updated_at }: Conversation) => updated_at;

function MoreWhenSeen({ busy, onSeen }: { busy: boolean; onSeen: () => void }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (ref.current === null || busy) return;
    const observer = new IntersectionObserver(
      ([entry]) => entry?.isIntersecting === true && onSeen(),
      {
        rootMargin: "400px",
      },
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  });
  return (
    <div ref={ref} role="status" aria-label="Loading more chats">
      <ListSkeleton rows={3} />
    </div>
  );
}

function ListSkeleton({ rows = 7 }: { rows?: number }) {
  return (
    <div className="grid gap-2.5 px-3 py-2" aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} className={index % 3 === 1 ? "h-5 w-3/5" : "h-5 w-4/5"} />
      ))}
    </div>
  );
}
