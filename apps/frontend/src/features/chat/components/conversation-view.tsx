import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useEffectEvent, useMemo, type ReactNode } from "react";
import type { Conversation, Message, MessageFork } from "@/api/types";
import { ErrorText } from "@/components/ui/error-text";
import { Button } from "@/components/ui/button";
import { MessagePage } from "@/components/ui/message-page";
import { announce } from "@/lib/announcer";
import { useShortcut } from "@/lib/shortcuts";
import { useStore } from "@/lib/store";
import { forksQuery } from "../api/forks";
import { messagesQuery } from "../api/messages";
import { useConversationLive } from "../hooks/use-conversation-live";
import { useOpenChat } from "../hooks/use-open-chat";
import { useMessageInView } from "../hooks/use-message-in-view";
import { useWatchedStreams } from "../hooks/use-streams";
import { copyLastAnswer } from "../lib/copy-last";
import { pendingIn, type ActionName } from "../lib/message-actions";
import { oldestFirst } from "../lib/message-pages";
import { outgoingOf } from "../lib/outbox";
import { ComposerArea } from "./composer-area";
import { Thread } from "./thread";
import { ThreadSkeleton } from "./thread-skeleton";

type ConversationViewProps = {
  conversation: Conversation;
  modelPicker: ReactNode;
  modelName: (id: string | null) => string;
  /** The message to open at. */
  wanted: string | null;
  /** Something is written: what the chat was opened at is left. */
  onWriting: () => void;
};

const noForks: readonly MessageFork[] = [];

/** Read out: what appears on the screen then is for the eye alone. */
function useAnswerBegun(leaf: Message | undefined, modelName: (id: string | null) => string) {
  const begun = leaf?.status === "streaming" ? leaf.id : null;
  const tell = useEffectEvent(() => announce(`${modelName(leaf?.model_id ?? null)} is answering.`));
  useEffect(() => {
    if (begun !== null) tell();
  }, [begun]);
}

const writingActions: readonly (ActionName | null)[] = ["edit", "regenerate"];

/** Tells when a message is sent, written anew, or asked to be answered again. */
function useWriting(conversationId: string, isSending: boolean, onWriting: () => void) {
  const pending = useStore(pendingIn(conversationId));
  const isWriting = isSending || writingActions.includes(pending);
  const tell = useEffectEvent(onWriting);
  useEffect(() => {
    if (isWriting) tell();
  }, [isWriting]);
}

export function ConversationView({
  conversation,
  modelPicker,
  modelName,
  wanted,
  onWriting,
}: ConversationViewProps) {
  const { id } = conversation;
  const query = useInfiniteQuery(messagesQuery(id));
  const { data, fetchNextPage, isFetching } = query;
  const { data: forks = noForks } = useQuery(forksQuery(id));
  const messages = useMemo(() => (data ? oldestFirst(data) : []), [data]);
  const outgoing = useStore(outgoingOf(id));
  const leaf = messages.at(-1);
  useOpenChat(id);
  useConversationLive(conversation);
  useAnswerBegun(leaf, modelName);
  useWatchedStreams(messages);
  useWriting(id, outgoing?.phase === "sending", onWriting);
  useMessageInView(id, wanted, messages, query);
  useShortcut("copyLast", () => void copyLastAnswer(id));
  // To ask for more would end what is being fetched already.
  const loadOlder = useCallback(() => {
    if (!isFetching) void fetchNextPage();
  }, [isFetching, fetchNextPage]);

  // Once the branch has moved, the message itself is in it.
  const sending =
    outgoing?.phase === "sending" && outgoing.leafBefore === leaf?.id ? outgoing.text : null;
  return (
    <>
      {data && messages.length === 0 && sending === null ? (
        <MessagePage title="Nothing here yet">This chat begins with its first message.</MessagePage>
      ) : data ? (
        <Thread
          key={id}
          conversationId={id}
          messages={messages}
          sending={sending}
          hasOlder={query.hasNextPage}
          loadingOlder={query.isFetchingNextPage}
          olderFailed={query.isFetchNextPageError}
          loadOlder={loadOlder}
          modelName={modelName}
          forks={forks}
          wanted={wanted}
        />
      ) : query.error ? (
        <MessagePage
          title="The messages could not be fetched"
          actions={<Button onClick={() => void query.refetch()}>Try again</Button>}
        >
          <ErrorText error={query.error} />
        </MessagePage>
      ) : (
        <ThreadSkeleton />
      )}
      <ComposerArea
        conversation={conversation}
        modelId={conversation.model_id}
        streaming={leaf?.status === "streaming" ? leaf : null}
        onSent={() => undefined}
        tools={modelPicker}
      />
    </>
  );
}
