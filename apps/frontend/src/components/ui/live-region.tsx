import { useState } from "react";
import { createPortal } from "react-dom";
import { announcement } from "@/lib/announcer";
import { useStore } from "@/lib/store";
import { useTopDialog } from "./open-dialogs";

/** The page has one, and so has the dialog on top: nothing is read out that lies beneath it. */
export function LiveRegion() {
  const dialog = useTopDialog();
  return (
    <>
      <Region />
      {dialog !== null && createPortal(<Region />, dialog)}
    </>
  );
}

/** Says what is announced from now on. */
function Region() {
  const [before] = useState(announcement.get);
  const current = useStore(announcement);
  return (
    <div role="status" aria-live="polite" className="sr-only">
      {current === before ? "" : current.text}
    </div>
  );
}
