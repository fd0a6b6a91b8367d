import { errorText } from "@/api/problem";
import { session } from "@/api/session";
import { signOut } from "@/features/auth/api";
import { closeEdit } from "@/features/chat/lib/editing";
import { forgetDrafts, releaseDrafts } from "@/features/chat/lib/drafts";
import { forgetOutgoing } from "@/features/chat/lib/outbox";
import { forgetReadingPlaces } from "@/features/chat/lib/reading-places";
import { forgetAllStreams } from "@/features/chat/lib/stream-hub";
import { lastChat } from "@/lib/last-chat";
import { queryClient } from "@/lib/query-client";
import { showToast } from "@/lib/toasts";
import { isBrowserOfAnother, isTabOfAnother, rememberPerson } from "./person";

/** Drafts outlive a session that was ended, for the one who typed them and nobody else. */
export function enterAs(userId: string): void {
  if (isBrowserOfAnother(userId)) {
    forgetDrafts();
    forgetEverything();
  } else if (isTabOfAnother(userId)) {
    releaseDrafts();
    forgetEverything();
  }
  rememberPerson(userId);
}

session.subscribe(() => {
  const state = session.get();
  if (state.phase === "signed-out" && state.by !== "server") forgetDrafts();
});

/** Nothing of the person who leaves stays in this page. */
export function forgetEverything(): void {
  forgetAllStreams();
  forgetOutgoing();
  forgetReadingPlaces();
  lastChat.set("/");
  closeEdit();
  queryClient.clear();
}

export function leaveDeleted(): void {
  showToast({ text: "Your account and all its data were deleted." });
}

export async function signOutHere(): Promise<void> {
  try {
    await signOut();
  } catch (error) {
    showToast({ tone: "danger", text: `Not signed out: ${errorText(error)}` });
  }
}
