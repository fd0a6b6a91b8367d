import { errorText } from "@/api/problem";
import { signOut } from "@/features/auth/api";
import { endEdit } from "@/features/chat/lib/editing";
import { forgetDrafts } from "@/features/chat/lib/drafts";
import { forgetOutgoing } from "@/features/chat/lib/outbox";
import { forgetAllStreams } from "@/features/chat/lib/stream-hub";
import { queryClient } from "@/lib/query-client";
import { readStored, writeStored } from "@/lib/storage";
import { showToast } from "@/lib/toasts";

const lastPersonKey = "person";

/** Drafts outlive a session that was ended, for the one who typed them and nobody else. */
export function enterAs(userId: string): void {
  const last = readStored(lastPersonKey);
  if (last !== null && last !== userId) {
    forgetDrafts();
    forgetEverything();
  }
  if (last !== userId) writeStored(lastPersonKey, userId);
}

/** Nothing of the person who leaves stays in this page. */
export function forgetEverything(): void {
  forgetAllStreams();
  forgetOutgoing();
  endEdit();
  queryClient.clear();
}

export function leaveDeleted(): void {
  forgetDrafts();
  showToast({ text: "Your account and all its data were deleted." });
}

export async function signOutHere(): Promise<void> {
  try {
    await signOut();
    forgetDrafts();
  } catch (error) {
    showToast({ tone: "danger", text: `Not signed out: ${errorText(error)}` });
  }
}
