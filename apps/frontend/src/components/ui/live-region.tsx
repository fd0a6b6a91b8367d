import { announcement } from "@/lib/announcer";
import { useStore } from "@/lib/store";

export function LiveRegion() {
  const text = useStore(announcement);
  return (
    <div role="status" aria-live="polite" className="sr-only">
      {text}
    </div>
  );
}
