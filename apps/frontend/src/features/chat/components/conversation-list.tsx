import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import { useMay } from "@/api/rights";
import type { Conversation } from "@/api/types";
import { ErrorText } from "@/components/ui/error-text";
import { Button } from "@/components/ui/button";
import { MoreWhenSeen } from "@/components/ui/more-when-seen";
import { Skeleton } from "@/components/ui/skeleton";
import { groupByDay } from "@/lib/day-groups";
import { conversationsQuery, type WayBack } from "../api/conversations";
import { watchLeaf } from "../lib/elsewhere";
import { ConversationItem } from "./conversation-item";

type ConversationListProps = {
  currentId: string | null;
  /** The open conversation is being deleted, so there is nothing to stay at. */
  onLeaveCurrent: () => WayBack;
};

export function ConversationList(props: ConversationListProps) {
  if (useMay("chat:read")) return <ReadableList {...props} />;
  return (
    <p className="px-3 py-2 text-sm text-pretty text-faint">Your role does not include chats.</p>
  );
}

function ReadableList({ currentId, onLeaveCurrent }: ConversationListProps) {
  const query = useInfiniteQuery(conversationsQuery);
  useRunningAnswers(query.data?.pages[0]?.items);
  if (query.data === undefined) {
    return query.error ? (
      <div className="px-3 py-2 text-sm">
        <p className="mb-3 text-soft">
          <ErrorText error={query.error} />
        </p>
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
                onLeaveCurrent={onLeaveCurrent}
              />
            ))}
          </ul>
        </section>
      ))}
      <MoreWhenSeen query={query} label="Loading more chats" className="px-3">
        <ListSkeleton rows={3} />
      </MoreWhenSeen>
    </>
  );
}

/** What was being answered already when the list came. */
function useRunningAnswers(first: readonly Conversation[] | undefined): void {
  const isThere = first !== undefined;
  const watchAll = useEffectEvent(() => first?.slice(0, mostRunning).forEach(watch));
  useEffect(() => {
    if (isThere) watchAll();
  }, [isThere]);
}

const mostRunning = 8;
const watch = (conversation: Conversation) => void watchLeaf(conversation);

const timeOf = ({ updated_at }: Conversation) => updated_at;

function ListSkeleton({ rows = 7 }: { rows?: number }) {
  return (
    <div className="grid gap-2.5 px-3 py-2" aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} className={index % 3 === 1 ? "h-5 w-3/5" : "h-5 w-4/5"} />
      ))}
    </div>
  );
}
