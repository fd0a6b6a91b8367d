import { Link } from "@tanstack/react-router";
import { MessagePage } from "@/components/ui/message-page";

export function NotFoundPage() {
  return (
    <main className="h-full">
      <MessagePage
        title="Nothing here"
        actions={
          <Link to="/" className="font-medium text-accent underline underline-offset-4">
            Start a new chat
          </Link>
        }
      >
        This page does not exist, or it was deleted.
      </MessagePage>
    </main>
  );
}
