import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Model } from "@/api/types";
import { Button } from "@/components/ui/button";
import { ErrorText } from "@/components/ui/error-text";
import { Spinner } from "@/components/ui/spinner";

type ModelListStateProps = {
  query: UseQueryResult<Model[]>;
  missing: string | null;
  found: boolean;
};

/** What there is to say about the list, above it or in its place. */
export function ModelListState({ query, missing, found }: ModelListStateProps) {
  if (query.data === undefined) {
    return query.error ? (
      <Line role="alert">
        <ErrorText error={query.error} />
        <Button size="small" busy={query.isFetching} onClick={() => void query.refetch()}>
          Try again
        </Button>
      </Line>
    ) : (
      <Line role="status">
        <Spinner className="size-4 text-faint" />
        Loading the models
      </Line>
    );
  }
  if (query.data.length === 0) return <Line role="status">There is no model to choose.</Line>;
  if (!found) return <Line role="status">No model is called that.</Line>;
  return missing === null ? null : (
    <Line role="status">{missing} is not available any more. Choose another model.</Line>
  );
}

function Line({ role, children }: { role: "alert" | "status"; children: ReactNode }) {
  return (
    <div
      role={role}
      className="flex flex-wrap items-center gap-2.5 px-4 pt-3.5 pb-2 [overflow-wrap:anywhere] text-soft last:pb-3.5"
    >
      {children}
    </div>
  );
}
