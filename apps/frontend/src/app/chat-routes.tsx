export function NewChatRoute() {
  return null;
}

export function ChatRoute() {
  return null;
}
