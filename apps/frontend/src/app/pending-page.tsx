import { LogoMark } from "@/components/ui/logo";

export function PendingPage() {
  return (
    <div className="grid h-full place-items-center" role="status" aria-label="Loading">
      <LogoMark className="motion-shimmer size-10" />
    </div>
  );
}
