import { useInfiniteQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { useMay } from "@/api/rights";
import { Button } from "@/components/ui/button";
import { MessagePage } from "@/components/ui/message-page";
import { itemsOf } from "@/lib/pages";
import { deletedQuery, restoreConversation } from "../api/conversations";

/** In the place of a chat that the server does not have, or not any more. */
export function MissingChat({ id }: { id: string }) {
  const { data } = useInfiniteQuery(deletedQuery);
  if (data && itemsOf(data).some((conversation) => conversation.id === id))
    return <DeletedChat id={id} />;
  return (
    <MessagePage title="This chat is not here">
      It was deleted, or it belongs to somebody else.
    </MessagePage>
  );
}

export function DeletedChat({ id }: { id: string }) {
  const [restoring, setRestoring] = useState(false);
  const mayWrite = useMay("chat:write");
  const restore = () => {
    setRestoring(true);
    void restoreConversation(id).finally(() => setRestoring(false));
  };
  return (
    <MessagePage
      title="This chat was deleted"
      actions={
        mayWrite ? (
          <Button busy={restoring} onClick={restore}>
            {!restoring && <RotateCcw className="size-4" aria-hidden="true" />}
            Restore
          </Button>
        ) : undefined
      }
    >
      It is kept for 30 days, with everything in it, and can be restored until then.
    </MessagePage>
  );
}
