import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useMay } from "@/api/rights";
import type { Conversation } from "@/api/types";
import { FormDialog } from "@/components/ui/form-dialog";
import { ListEmpty, ListFailed, ListLoading } from "@/components/ui/list-state";
import { MoreWhenSeen } from "@/components/ui/more-when-seen";
import { Card, Section } from "@/components/ui/section";
import { itemsOf } from "@/lib/pages";
import { showToast } from "@/lib/toasts";
import { deletedQuery, eraseConversation } from "../api/conversations";
import { titleOf } from "./conversation-item";
import { DeletedRow } from "./deleted-row";

export function DeletedPage() {
  const query = useInfiniteQuery(deletedQuery);
  const [erasing, setErasing] = useState<Conversation | null>(null);
  const mayWrite = useMay("chat:write");
  const deleted = query.data ? itemsOf(query.data) : [];
  return (
    <Section
      title="Deleted chats"
      lead="What you delete is kept for 30 days and can be restored as it was. Then it is erased."
    >
      {query.data ? (
        deleted.length > 0 ? (
          <Card>
            <ul className="divide-y divide-line">
              {deleted.map((entry) => (
                <DeletedRow
                  key={entry.id}
                  conversation={entry}
                  mayWrite={mayWrite}
                  onErase={() => setErasing(entry)}
                />
              ))}
            </ul>
          </Card>
        ) : (
          <ListEmpty icon={Trash2} title="Nothing here">
            Chats that you delete wait here, in case you want one back.
          </ListEmpty>
        )
      ) : query.error ? (
        <ListFailed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <ListLoading label="Loading the deleted chats" />
      )}
      <MoreWhenSeen query={query} label="Loading more deleted chats">
        <ListLoading label="" rows={1} />
      </MoreWhenSeen>
      {erasing && <EraseChat conversation={erasing} onClose={() => setErasing(null)} />}
    </Section>
  );
}

type EraseChatProps = { conversation: Conversation; onClose: () => void };

function EraseChat({ conversation, onClose }: EraseChatProps) {
  const queryClient = useQueryClient();
  const erasing = useMutation({
    mutationFn: () => eraseConversation(conversation.id),
    onSuccess: () => {
      showToast({ text: "Erased" });
      onClose();
    },
    onSettled: () => queryClient.invalidateQueries(deletedQuery),
  });
  return (
    <FormDialog
      title={`Erase “${titleOf(conversation)}”?`}
      lead="All its messages are erased, in every branch. This cannot be undone."
      submit="Delete for good"
      danger
      busy={erasing.isPending}
      error={erasing.error}
      onSubmit={() => erasing.mutate()}
      onClose={onClose}
    />
  );
}
