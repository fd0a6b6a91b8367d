import { errorText } from "@/api/problem";
import { signOut } from "@/features/auth/api";
import { forgetDrafts } from "@/features/chat/lib/drafts";
import { forgetOutgoing } from "@/features/chat/lib/outbox";
import { forgetAllStreams } from "@/features/chat/lib/stream-hub";
import { queryClient } from "@/lib/query-client";
import { showToast } from "@/lib/toasts";

/** Nothing of the person who leaves stays in this page. */
export function forgetEverything(): void {
  forgetAllStreams();
  forgetOutgoing();
  queryClient.clear();
}

export async function signOutHere(): Promise<void> {
  try {
    await signOut();
    forgetDrafts();
  } catch (error) {
    showToast({ tone: "danger", text: `Not signed out: ${errorText(error)}` });
  }
}
