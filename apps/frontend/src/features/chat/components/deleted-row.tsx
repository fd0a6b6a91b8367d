import { RotateCcw } from "lucide-react";
import { useState } from "react";
import type { Conversation } from "@/api/types";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Time } from "@/components/ui/time";
import { restoreConversation } from "../api/conversations";
import { daysLeft } from "../lib/days-left";
import { titleOf } from "./conversation-item";

const soonDays = 3;

type DeletedRowProps = { conversation: Conversation; mayWrite: boolean; onErase: () => void };

export function DeletedRow({ conversation, mayWrite, onErase }: DeletedRowProps) {
  const [restoring, setRestoring] = useState(false);
  const title = titleOf(conversation);
  const restore = () => {
    setRestoring(true);
    void restoreConversation(conversation.id).finally(() => setRestoring(false));
  };
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2.5 px-4 py-3.5 sm:px-5">
      <div className="min-w-0 flex-[1_1_14rem]">
        <p className="truncate font-medium" title={title}>
          <bdi>{title}</bdi>
        </p>
        <p className="mt-0.5 flex flex-wrap items-center gap-x-2 text-sm text-faint">
          {conversation.deleted_at !== null && <Deleted at={conversation.deleted_at} />}
        </p>
      </div>
      {mayWrite && (
        <div className="flex gap-2">
          <Button size="small" busy={restoring} aria-label={`Restore ${title}`} onClick={restore}>
            {!restoring && <RotateCcw className="size-3.5" aria-hidden="true" />}
            Restore
          </Button>
          <Button
            size="small"
            variant="danger"
            aria-label={`Delete ${title} for good`}
            onClick={onErase}
          >
            Delete for good
          </Button>
        </div>
      )}
    </li>
  );
}

function Deleted({ at }: { at: string }) {
  const [now] = useState(() => new Date());
  const days = daysLeft(at, now);
  const left = days === 1 ? "last day to restore it" : `${days} days left`;
  return (
    <>
      <span>
        Deleted <Time at={at} />
      </span>
      {days <= soonDays ? <Badge tone="warning">{left}</Badge> : <span>· {left}</span>}
    </>
  );
}
