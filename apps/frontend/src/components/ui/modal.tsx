import {
  useLayoutEffect,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
} from "react";
import { putOnTop } from "./open-dialogs";
import { PortalContainer } from "./portal";

type ModalProps = {
  label: string;
  onClose: () => void;
  children: ReactNode;
  className: string;
  /** A form is not lost by a click beside it. */
  keepOnClickBeside?: boolean;
  /** The shortcuts of the page hold over it too: it can be left at any time. */
  keepsShortcuts?: boolean;
};

/**
 * The platform's own <dialog>: it keeps the focus inside, makes the rest inert and gives the focus
 * back. Libraries that do this inject style elements, which the Content-Security-Policy forbids.
 * Open for as long as it is mounted.
 */
export function Modal({
  label,
  onClose,
  children,
  className,
  keepOnClickBeside = false,
  keepsShortcuts = false,
}: ModalProps) {
  const [dialog, setDialog] = useState<HTMLDialogElement | null>(null);

  // In the layout phase, so that it is closed while it is still there: only then the browser gives
  // the focus back.
  useLayoutEffect(() => {
    if (dialog === null) return;
    dialog.showModal();
    const takeAway = putOnTop(dialog);
    return () => {
      takeAway();
      dialog.close();
    };
  }, [dialog]);

  // Not left to the browser: a tooltip that Escape hides as well would keep the dialog open.
  function onKeyDown(event: KeyboardEvent<HTMLDialogElement>) {
    if (event.key !== "Escape" || event.nativeEvent.isComposing) return;
    if (event.currentTarget.querySelector("[role=menu], [data-editing]") !== null) return;
    event.preventDefault();
    onClose();
  }

  function onClick({ target, currentTarget }: MouseEvent<HTMLDialogElement>) {
    if (target === currentTarget && !keepOnClickBeside) onClose();
  }

  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a click beside the box, and Escape
    <dialog
      ref={setDialog}
      aria-label={label}
      data-keeps-shortcuts={keepsShortcuts || undefined}
      className={className}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={(event) => {
        if (!event.currentTarget.open) onClose();
      }}
    >
      <PortalContainer value={dialog}>{children}</PortalContainer>
    </dialog>
  );
}
