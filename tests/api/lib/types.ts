/* What the tests read of the API's records; whether they are whole is the contract's to check. */

export interface User {
  id: string;
  username: string;
  email: string;
  role: string;
  created_at: string;
}

export interface Session {
  access_token: string;
  token_type: string;
  expires_in: number;
  user: User;
  permissions: string[];
}

export interface Conversation {
  id: string;
  title: string;
  model_id: string;
  active_message_id: string | null;
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
}

export interface Message {
  id: string;
  conversation_id: string;
  parent_id: string | null;
  role: "user" | "assistant";
  content: string;
  status: "complete" | "streaming" | "stopped" | "interrupted" | "failed";
  seq: number;
  model_id: string | null;
  error: { code: string; detail: string } | null;
  created_at: string;
  completed_at: string | null;
}

export interface Turn {
  user_message: Message;
  assistant_message: Message;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Problem {
  code: string;
  status: number;
  detail: string;
  errors?: { field: string; message: string }[];
}
