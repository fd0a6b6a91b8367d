import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { cx } from "@/lib/cx";
import { useStore } from "@/lib/store";
import { dismissToast, toasts, type Toast } from "@/lib/toasts";
import { IconButton } from "./icon-button";
import { useTopDialog } from "./open-dialogs";
import { PortalContainer } from "./portal";

const shownMs = 8_000;

const atTheBottom = "bottom-[calc(env(safe-area-inset-bottom)+1.25rem)]";
/** Where one writes at the bottom, they stand below the header, and that below the banner when it is there. */
const besideTheComposer =
  "in-[:root:has(#composer)]:top-[calc(env(safe-area-inset-top)+4rem+var(--banner-height,0px))] in-[:root:has(#composer)]:bottom-auto";

/** In the dialog that is on top, if there is one: only there its buttons can be pressed. */
export function Toaster() {
  const dialog = useTopDialog();
  const list = (
    <PortalContainer value={dialog}>
      <ToastList inDialog={dialog !== null} />
    </PortalContainer>
  );
  return dialog === null ? list : createPortal(list, dialog);
}

function ToastList({ inDialog }: { inDialog: boolean }) {
  const shown = useStore(toasts);
  return (
    <section
      aria-label="Notifications"
      aria-live="polite"
      className={cx(
        "pointer-events-none fixed inset-x-0 z-40 flex flex-col items-center gap-2 px-4",
        atTheBottom,
        !inDialog && besideTheComposer,
      )}
    >
      {shown.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

/** Leaves by itself, but not while it is pointed at or has the focus. */
function ToastCard({ toast }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismissToast(toast.id), shownMs);
    return () => clearTimeout(timer);
  }, [held, toast.id]);

  return (
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions -- only holds the toast; the buttons in it act
    <div
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className={cx(
        "motion-rise pointer-events-auto flex max-w-md items-center gap-3 rounded-xl py-1.5 pr-1.5 pl-4 text-sm shadow-float",
        toast.tone === "danger" ? "bg-danger-wash text-danger" : "bg-ink text-canvas",
      )}
    >
      <span className="min-w-0 flex-1 py-1.5">{toast.text}</span>
      {toast.action && (
        <button
          type="button"
          className="h-8 rounded-lg px-3 font-semibold underline-offset-4 hover:underline focus-visible:outline-current"
          onClick={() => {
            dismissToast(toast.id);
            toast.action?.run();
          }}
        >
          {toast.action.label}
        </button>
      )}
      <IconButton
        label="Dismiss"
        size="small"
        side="top"
        icon={<X className="size-4" aria-hidden="true" />}
        inherits
        className="focus-visible:outline-current"
        onClick={() => dismissToast(toast.id)}
      />
    </div>
  );
}
