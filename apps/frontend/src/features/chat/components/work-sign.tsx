import { Spinner } from "@/components/ui/spinner";
import { useStore } from "@/lib/store";
import { unseen, working } from "../lib/chat-work";

/** Behind the title of a chat: it is being answered, or was and has not been looked at. */
export function WorkSign({ conversationId }: { conversationId: string }) {
  const busy = useStore(working).has(conversationId);
  const answered = useStore(unseen).has(conversationId);
  if (busy) {
    return (
      <>
        <span className="sr-only">, is being answered</span>
        <Spinner className="ml-2 size-3.5 shrink-0 text-accent" />
      </>
    );
  }
  return answered ? (
    <>
      <span className="sr-only">, has a new answer</span>
      <span aria-hidden="true" className="ml-2 size-2 shrink-0 rounded-full bg-accent" />
    </>
  ) : null;
}
