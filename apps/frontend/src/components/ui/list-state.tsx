import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { ErrorText } from "./error-text";
import { Button } from "./button";
import { Notice } from "./notice";
import { Card } from "./section";
import { Skeleton } from "./skeleton";

/** What stands in the place of a list that is not there (yet). */
export function ListLoading({ label, rows = 3 }: { label: string; rows?: number }) {
  return (
    <Card className="divide-y divide-line">
      <div role="status" aria-label={label} className="sr-only" />
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex items-center gap-4 px-4 py-4 sm:px-5">
          <Skeleton className="size-9 rounded-xl" />
          <div className="grid flex-1 gap-2">
            <Skeleton className="h-4 w-40 max-w-full" />
            <Skeleton className="h-3.5 w-64 max-w-full" />
          </div>
        </div>
      ))}
    </Card>
  );
}

export function ListFailed({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <Notice
      tone="danger"
      actions={
        <Button size="small" onClick={onRetry}>
          Try again
        </Button>
      }
    >
      <ErrorText error={error} />
    </Notice>
  );
}

type ListEmptyProps = { icon: LucideIcon; title: string; children?: ReactNode; action?: ReactNode };

export function ListEmpty({ icon: Icon, title, children, action }: ListEmptyProps) {
  return (
    <div className="grid justify-items-center rounded-2xl border border-dashed border-line-strong px-6 py-12 text-center">
      <span className="mb-4 grid size-11 place-items-center rounded-2xl bg-accent-wash text-accent">
        <Icon className="size-5" aria-hidden="true" />
      </span>
      <p className="font-medium">{title}</p>
      {children !== undefined && (
        <p className="mt-1 max-w-[42ch] text-sm text-pretty text-soft">{children}</p>
      )}
      {action !== undefined && <div className="mt-5">{action}</div>}
    </div>
  );
}
