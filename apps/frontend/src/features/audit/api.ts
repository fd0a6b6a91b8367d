import { infiniteQueryOptions, queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { api, isStatus, unwrap } from "@/api/client";
import { useMay } from "@/api/rights";
import type { AuditRow, User } from "@/api/types";
import { firstPage, nextCursor } from "@/lib/pages";

const pageSize = 50;

export type AuditFilter = {
  action?: AuditRow["action"];
  actor_id?: string;
  since?: string;
  until?: string;
};

export function auditQuery(filter: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: ["audit", filter],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/v1/audit", {
          // A cursor of this list is a number.
          params: {
            query: {
              ...filter,
              limit: pageSize,
              ...(pageParam !== null && { cursor: Number(pageParam) }),
            },
          },
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: nextCursor,
    // What happens is what one looks for here.
    staleTime: 0,
  });
}

/** No name has such a character. */
const foreign = /[^!-~]/;

/** Those whose names begin so, to filter by. */
export function peopleQuery(q: string) {
  return queryOptions({
    queryKey: ["audit-people", q],
    queryFn: async (): Promise<User[]> =>
      foreign.test(q)
        ? []
        : (await unwrap(api.GET("/api/v1/users", { params: { query: { q, limit: 8 } } }))).items,
    enabled: q !== "",
  });
}

/** Most of the people of most servers, by their ids, in one request. */
const mostNamesQuery = queryOptions({
  queryKey: ["audit-names"],
  queryFn: async (): Promise<ReadonlyMap<string, string>> => {
    const { items } = await unwrap(api.GET("/api/v1/users", { params: { query: { limit: 100 } } }));
    return new Map(items.map(({ id, username }) => [id, username]));
  },
  staleTime: 5 * 60_000,
});

/** Of one who is not among them. */
function nameQuery(id: string) {
  return queryOptions({
    queryKey: ["audit-name", id],
    queryFn: async (): Promise<string | null> => {
      try {
        return (await unwrap(api.GET("/api/v1/users/{id}", { params: { path: { id } } }))).username;
      } catch (error) {
        if (isStatus(error, 404)) return null;
        throw error;
      }
    },
    staleTime: 5 * 60_000,
  });
}

function nameFrom(id: string, name: string | null | undefined): string {
  if (name === null) return "a deleted account";
  return name ?? `account ${id.slice(0, 8)}…`;
}

export function useName(id: string): string {
  const allowed = useMay("users:manage");
  return nameFrom(id, useQuery({ ...nameQuery(id), enabled: allowed }).data);
}

export type NameOf = (id: string) => string;

/** What the log holds are ids; the names are looked up, by those who may. */
export function useNames(rows: readonly AuditRow[]): NameOf {
  const allowed = useMay("users:manage");
  const ids = new Set(
    rows.flatMap(({ actor_id, object_kind, object_id }) => [
      actor_id,
      object_kind === "account" ? object_id : "",
    ]),
  );
  ids.delete("");
  const most = useQuery({ ...mostNamesQuery, enabled: allowed });
  const others = [...ids].filter((id) => most.data?.has(id) !== true);
  const answers = useQueries({
    // Not before one knows that they are others.
    queries: others.map((id) => ({ ...nameQuery(id), enabled: allowed && !most.isPending })),
  });
  const names = new Map(others.map((id, index) => [id, answers[index]?.data]));
  return (id) => nameFrom(id, most.data?.get(id) ?? names.get(id));
}
