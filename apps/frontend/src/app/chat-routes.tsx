import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { isStatus } from "@/api/client";
import { useMay } from "@/api/rights";
import type { Conversation } from "@/api/types";
import { ErrorText } from "@/components/ui/error-text";
import { Button } from "@/components/ui/button";
import { MessagePage } from "@/components/ui/message-page";
import { changeConversation, conversationQuery } from "@/features/chat/api/conversations";
import { ChatTitle } from "@/features/chat/components/chat-title";
import { ConversationView } from "@/features/chat/components/conversation-view";
import { DeletedChat, MissingChat } from "@/features/chat/components/missing-chat";
import { titleOf } from "@/features/chat/components/conversation-item";
import { draftOf, newDraft } from "@/features/chat/lib/drafts";
import { focusComposer } from "@/features/chat/lib/focus-composer";
import { NewChatView } from "@/features/chat/components/new-chat-view";
import { ThreadSkeleton } from "@/features/chat/components/thread-skeleton";
import { isExample } from "@/features/chat/components/welcome";
import { modelsQuery, useModelName } from "@/features/models/api";
import { ModelPicker } from "@/features/models/components/model-picker";
import { defaultModel } from "@/features/models/lib/default-model";
import { lastChat } from "@/lib/last-chat";
import { readStored, writeStored } from "@/lib/storage";
import { useStore } from "@/lib/store";
import { useTitle } from "@/lib/use-title";
import { ChatFrame } from "./chat-frame";
import { useLeaveChat } from "./use-leave-chat";
import { useSignedInUser } from "./use-user";

const lastModelKey = "model";

export function NewChatRoute() {
  return useMay("chat:read") ? <NewChat /> : <NoChats />;
}

export function ChatRoute() {
  return useMay("chat:read") ? <Chat /> : <NoChats />;
}

function NoChats() {
  useTitle("");
  return (
    <ChatFrame>
      <MessagePage title="No chats in your role">
        Your role does not include chats. What it does is in the menu of your account.
      </MessagePage>
    </ChatFrame>
  );
}

function NewChat() {
  const router = useRouter();
  const user = useSignedInUser();
  const { data: models = [] } = useQuery(modelsQuery);
  const [chosen, setChosen] = useState(() => readStored(lastModelKey));
  const draft = useStore(draftOf(newDraft));
  const modelId = chosen ?? defaultModel(models, isExample(draft));
  useTitle("");
  useEffect(() => lastChat.set("/"), []);
  const choose = (id: string) => {
    writeStored(lastModelKey, id);
    setChosen(id);
  };
  return (
    <ChatFrame>
      <NewChatView
        userName={user?.username ?? ""}
        modelId={modelId}
        modelPicker={<ModelPicker value={modelId} onChange={choose} onChosen={focusComposer} />}
        onStarted={({ id }) => {
          // Whoever went elsewhere meanwhile stays there.
          if (router.latestLocation.pathname === "/")
            void router.navigate({ to: "/c/$conversationId", params: { conversationId: id } });
        }}
      />
    </ChatFrame>
  );
}

const route = getRouteApi("/workspace/c/$conversationId");

function Chat() {
  const leaveChat = useLeaveChat();
  const { conversationId } = route.useParams();
  const { message } = route.useSearch();
  const { data, error, refetch } = useQuery(conversationQuery(conversationId));
  const title = data ? titleOf(data) : "";
  useEffect(() => lastChat.set(`/c/${conversationId}`), [conversationId]);
  useTitle(title);
  // What was fetched before may be shown while the server cannot be asked, but not when it has it no more.
  const isMissing = isStatus(error, 404);
  if (data?.deleted_at === null && !isMissing) {
    return (
      <ChatFrame
        title={<ChatTitle key={data.id} conversation={data} onLeave={() => leaveChat(data.id)} />}
      >
        <OpenConversation conversation={data} wanted={message ?? null} />
      </ChatFrame>
    );
  }
  return (
    <ChatFrame>
      {isMissing ? (
        <MissingChat id={conversationId} />
      ) : data ? (
        <DeletedChat id={conversationId} />
      ) : error ? (
        <MessagePage
          title="This chat could not be opened"
          actions={<Button onClick={() => void refetch()}>Try again</Button>}
        >
          <ErrorText error={error} />
        </MessagePage>
      ) : (
        <ThreadSkeleton />
      )}
    </ChatFrame>
  );
}

type OpenConversationProps = { conversation: Conversation; wanted: string | null };

function OpenConversation({ conversation, wanted }: OpenConversationProps) {
  const modelName = useModelName();
  const navigate = useNavigate();
  const leaveWanted = () => {
    if (wanted === null) return;
    const params = { conversationId: conversation.id };
    void navigate({ to: "/c/$conversationId", params, search: {}, replace: true });
  };
  return (
    <ConversationView
      conversation={conversation}
      wanted={wanted}
      onWriting={leaveWanted}
      modelName={modelName}
      modelPicker={
        <ModelPicker
          value={conversation.model_id}
          onChange={(id) => void changeConversation(conversation, { model_id: id })}
          onChosen={focusComposer}
        />
      }
    />
  );
}
