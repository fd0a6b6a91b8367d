import type { Conversation, Message } from "./types";

/** What the server says on the WebSocket. The HTTP document does not describe these. */
export type LiveEvent =
  | { type: "subscribed"; topic: string; seq: number }
  | { type: "unsubscribed"; topic: string }
  | { type: "delta"; topic: string; seq: number; text: string }
  | { type: "done"; topic: string; seq: number; message: Message }
  | { type: "message"; topic: string; message: Message }
  | { type: "conversation"; topic: string; conversation: Conversation }
  | { type: "conversation_deleted"; topic: string; id: string }
  | { type: "models"; topic: string }
  | { type: "error"; topic: string | null; status: number; code: string; detail: string }
  | { type: "warning"; topic: null; status: number; code: string; detail: string }
  | { type: "authenticated"; user_id: string }
  | { type: "pong" };

export const closeUnauthenticated = 4401;
/** Too many messages, or this user has as many pages open as a user may have. */
export const closeTooMany = 4429;
