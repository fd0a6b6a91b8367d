import { Link } from "@tanstack/react-router";
import type { Permission } from "@/api/types";
import { MessagePage } from "@/components/ui/message-page";
import { permissionLabel } from "@/lib/permissions";
import { useSignedInUser } from "./use-user";

/** For whoever comes to a page that their role does not include, or no longer does. */
export function Forbidden({ needs }: { needs?: Permission | undefined }) {
  const user = useSignedInUser();
  return (
    <MessagePage
      title="You have no access to this page"
      actions={
        <Link to="/" className="font-medium text-accent underline underline-offset-4">
          Back to the chats
        </Link>
      }
    >
      Your role, {user?.role}, does not include what it takes
      {needs !== undefined && <> (“{permissionLabel(needs)}”)</>}. Ask an administrator if you need
      it.
    </MessagePage>
  );
}
