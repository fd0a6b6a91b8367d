import { useId, type ReactNode, type SubmitEvent } from "react";
import { ErrorText } from "./error-text";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { Notice } from "./notice";

type FormDialogProps = {
  title: string;
  lead?: ReactNode;
  /** The button that carries it out. */
  submit: string;
  danger?: boolean;
  busy?: boolean;
  disabled?: boolean;
  /** Why the last attempt failed; what concerns a field stands at the field instead. */
  error?: Error | null;
  onSubmit: () => void;
  onClose: () => void;
  children?: ReactNode;
  className?: string;
};

/** A question with its form and its two buttons. Without fields, a confirmation. */
export function FormDialog({
  title,
  lead,
  submit,
  danger = false,
  busy = false,
  disabled = false,
  error = null,
  onSubmit,
  onClose,
  children,
  className,
}: FormDialogProps) {
  const formId = useId();
  return (
    <Dialog
      label={title}
      onClose={onClose}
      keepOnClickBeside={children !== undefined}
      {...(className !== undefined && { className })}
    >
      <form
        id={formId}
        noValidate
        onSubmit={(event: SubmitEvent) => {
          event.preventDefault();
          onSubmit();
        }}
        className="flex max-h-[calc(100dvh-4rem)] flex-col"
      >
        <div className="grid min-h-0 gap-5 overflow-y-auto p-5 sm:p-6">
          <div>
            <h2 className="text-lg font-semibold tracking-[-0.015em]">{title}</h2>
            {lead !== undefined && (
              <div className="mt-1.5 text-sm text-pretty text-soft">{lead}</div>
            )}
          </div>
          {error !== null && (
            <Notice tone="danger">
              <ErrorText error={error} />
            </Notice>
          )}
          {children}
        </div>
        <div className="flex justify-end gap-2 border-t border-line px-5 py-3.5 sm:px-6">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            variant={danger ? "destructive" : "primary"}
            busy={busy}
            disabled={disabled}
          >
            {submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
