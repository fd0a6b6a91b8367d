import { useEffect } from "react";
import { useStore } from "@/lib/store";
import { titleMark } from "@/lib/use-title";
import { unseen, working } from "../lib/chat-work";

/** Before the title of the tab: that something was answered, or else that something is being. */
export function useWorkMark(): void {
  const answered = useStore(unseen).size > 0;
  const busy = useStore(working).size > 0;
  useEffect(() => {
    titleMark.set(answered ? "● " : busy ? "◌ " : "");
    return () => titleMark.set("");
  }, [answered, busy]);
}
