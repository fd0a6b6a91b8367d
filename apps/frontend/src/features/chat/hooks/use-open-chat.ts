import { useEffect } from "react";
import { lookAtOpen, setOpenChat } from "../lib/chat-work";

/** While it is shown, what is answered in it counts as looked at. */
export function useOpenChat(conversationId: string): void {
  useEffect(() => {
    setOpenChat(conversationId);
    document.addEventListener("visibilitychange", lookAtOpen);
    return () => {
      setOpenChat(null);
      document.removeEventListener("visibilitychange", lookAtOpen);
    };
  }, [conversationId]);
}
