import { X } from "lucide-react";
import { ApiError } from "@/api/problem";
import { IconButton } from "@/components/ui/icon-button";
import { Notice } from "@/components/ui/notice";

function reason(error: Error): string {
  if (!(error instanceof ApiError)) return error.message;
  if (error.status === 409) return "An answer is still being written in this chat.";
  return error.fields.get("content") ?? error.message;
}

export function SendFailure({ error, onDismiss }: { error: Error; onDismiss: () => void }) {
  return (
    <Notice
      tone="danger"
      title="Your message was not sent. It is back in the field below."
      className="motion-rise mb-2"
      actions={
        <IconButton
          label="Dismiss"
          size="small"
          side="top"
          className="text-inherit hover:bg-transparent"
          icon={<X className="size-4" aria-hidden="true" />}
          onClick={onDismiss}
        />
      }
    >
      {reason(error)}
    </Notice>
  );
}
