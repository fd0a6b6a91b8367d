import { X } from "lucide-react";
import { ApiError } from "@/api/problem";
import { ErrorText } from "@/components/ui/error-text";
import { IconButton } from "@/components/ui/icon-button";
import { Notice } from "@/components/ui/notice";

function Reason({ error }: { error: Error }) {
  if (!(error instanceof ApiError) || error.isLimit) return <ErrorText error={error} />;
  if (error.status === 409) return "An answer is still being written in this chat.";
  if (error.fields.has("model_id"))
    return "The chosen model is not available any more. Choose another one below.";
  return error.fields.size === 0 ? error.message : [...error.fields.values()].join(" ");
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
          inherits
          icon={<X className="size-4" aria-hidden="true" />}
          onClick={onDismiss}
        />
      }
    >
      <Reason error={error} />
    </Notice>
  );
}
