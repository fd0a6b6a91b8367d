import { WifiOff } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { serverAnswers } from "@/api/client";
import { liveBlocked, liveStatus } from "@/api/live";
import { useStore } from "@/lib/store";

const graceMs = 2_500;

function subscribeOnline(listener: () => void): () => void {
  globalThis.addEventListener("online", listener);
  globalThis.addEventListener("offline", listener);
  return () => {
    globalThis.removeEventListener("online", listener);
    globalThis.removeEventListener("offline", listener);
  };
}

/** A short drop mends itself and is no news; a longer one is told. */
function useLongerThan(state: boolean, ms: number): boolean {
  const [long, setLong] = useState(false);
  useEffect(() => {
    if (!state) return;
    const timer = setTimeout(() => setLong(true), ms);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [state, ms]);
  return state && long;
}

/** To what stands below it by itself. */
function tellHeight(banner: HTMLDivElement): () => void {
  const { style } = document.documentElement;
  const observer = new ResizeObserver(() =>
    style.setProperty("--banner-height", `${banner.offsetHeight}px`),
  );
  observer.observe(banner);
  return () => {
    observer.disconnect();
    style.removeProperty("--banner-height");
  };
}

/**
 * That the browser has no network is no reason to show it: the server may be nearer than that. Nor is it that sockets do not
 * get through, as long as the server answers otherwise: then the page asks it now and then.
 */
export function ConnectionBanner() {
  const online = useSyncExternalStore(subscribeOnline, () => navigator.onLine);
  const status = useStore(liveStatus);
  const blocked = useStore(liveBlocked);
  const answers = useStore(serverAnswers);
  const isGone = status !== "open" && status !== "idle" && !(blocked && answers);
  const away = useLongerThan(isGone, graceMs);
  if (!away) return null;
  return (
    <div
      role="status"
      ref={tellHeight}
      className="motion-appear flex items-center justify-center gap-2 bg-warning-wash px-4 py-1.5 text-sm font-medium text-warning"
    >
      <WifiOff className="size-4 shrink-0" aria-hidden="true" />
      {online
        ? "Reconnecting to the server… What was written is kept."
        : "You are offline. What you type is kept."}
    </div>
  );
}
