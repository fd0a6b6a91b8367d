import { useRouter } from "@tanstack/react-router";
import type { WayBack } from "@/features/chat/api/conversations";

/** Leaves the open chat, which is being deleted, for a new one. Back leads only whoever went nowhere else since. */
export function useLeaveChat(): (conversationId: string) => WayBack {
  const router = useRouter();
  return (conversationId) => {
    const left = router.navigate({ to: "/" });
    const goBack = () => {
      if (router.latestLocation.pathname === "/")
        void router.navigate({ to: "/c/$conversationId", params: { conversationId } });
    };
    return () => void left.then(goBack);
  };
}
