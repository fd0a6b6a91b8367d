import { KeyRound } from "lucide-react";
import { useState } from "react";
import type { ApiKey } from "@/api/types";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Time } from "@/components/ui/time";
import { permissionLabel } from "@/lib/permissions";

type KeyRowProps = { apiKey: ApiKey; onRevoke: () => void };

const soonMs = 7 * 86_400_000;

export function KeyRow({ apiKey, onRevoke }: KeyRowProps) {
  const { name, prefix, scopes, created_at, last_used_at } = apiKey;
  return (
    <li className="flex items-start gap-3.5 px-4 py-4 sm:gap-4 sm:px-5">
      <span className="grid size-10 shrink-0 place-items-center rounded-xl bg-hover text-soft max-sm:hidden">
        <KeyRound className="size-5" aria-hidden="true" />
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <span className="font-medium [overflow-wrap:anywhere]">{name}</span>
          <code className="font-mono text-xs text-faint">{prefix}…</code>
          <Expiry apiKey={apiKey} />
        </p>
        <ul aria-label="May" className="mt-1.5 flex flex-wrap gap-1.5">
          {scopes.map((scope) => (
            <li key={scope} title={scope} className="flex">
              <Badge>{permissionLabel(scope)}</Badge>
            </li>
          ))}
        </ul>
        <p className="mt-2 text-sm text-faint">
          Made <Time at={created_at} /> ·{" "}
          {last_used_at === null ? (
            "never used"
          ) : (
            <>
              last used <Time at={last_used_at} />
            </>
          )}
        </p>
      </div>
      <Button size="small" variant="danger" aria-label={`Revoke ${name}`} onClick={onRevoke}>
        Revoke
      </Button>
    </li>
  );
}

function Expiry({ apiKey: { expires_at } }: { apiKey: ApiKey }) {
  const [now] = useState(() => Date.now());
  if (expires_at === null) return <span className="text-xs text-faint">never expires</span>;
  const left = new Date(expires_at).getTime() - now;
  if (left <= 0) return <Badge tone="danger">Expired</Badge>;
  const text = (
    <>
      expires <Time at={expires_at} />
    </>
  );
  return left < soonMs ? (
    <Badge tone="warning">
      <span>{text}</span>
    </Badge>
  ) : (
    <span className="text-xs text-faint">{text}</span>
  );
}
