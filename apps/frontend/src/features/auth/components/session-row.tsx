import { Monitor, Smartphone, SquareTerminal } from "lucide-react";
import type { DeviceSession } from "@/api/types";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Time } from "@/components/ui/time";
import { describePlace } from "@/lib/address";
import { describeDevice } from "@/lib/user-agent";

const icons = { computer: Monitor, handheld: Smartphone, program: SquareTerminal };

type SessionRowProps = {
  session: DeviceSession;
  mayEnd: boolean;
  busy: boolean;
  onEnd: () => void;
};

export function SessionRow({ session, mayEnd, busy, onEnd }: SessionRowProps) {
  const device = describeDevice(session.user_agent);
  const Icon = icons[device.kind];
  return (
    <li className="flex items-center gap-3.5 px-4 py-3.5 sm:gap-4 sm:px-5">
      <span className="grid size-10 shrink-0 place-items-center rounded-xl bg-hover text-soft">
        <Icon className="size-5" aria-hidden="true" />
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
          <span title={session.user_agent ?? undefined}>{device.name}</span>
          {session.current && <Badge tone="accent">This device</Badge>}
        </p>
        <p className="text-sm text-pretty text-faint">
          {describePlace(session.address)} · used{" "}
          {session.current ? "now" : <Time at={session.last_used_at} />} · signed in{" "}
          <Time at={session.created_at} />
        </p>
      </div>
      {mayEnd && (
        <Button
          size="small"
          variant={session.current ? "secondary" : "danger"}
          busy={busy}
          aria-label={session.current ? "Sign out here" : `End the session: ${device.name}`}
          onClick={onEnd}
        >
          {session.current ? "Sign out" : "End"}
        </Button>
      )}
    </li>
  );
}
