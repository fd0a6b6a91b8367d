import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import type { InvitationMade, InvitationNew, Role, RoleNew, User } from "@/api/types";
import { cursorParam, firstPage, nextCursor } from "@/lib/pages";
import { queryClient } from "@/lib/query-client";

const pageSize = 50;
const usersKey = ["users"];
const user = (id: string) => ({ params: { path: { id } } });

/** Those whose names begin with `q`. */
export function usersQuery(q: string) {
  return infiniteQueryOptions({
    queryKey: [...usersKey, q],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/v1/users", {
          params: {
            query: { limit: pageSize, ...(q !== "" && { q }), ...cursorParam(pageParam) },
          },
        }),
      ),
    initialPageParam: firstPage,
    getNextPageParam: nextCursor,
  });
}

export function refetchUsers(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: usersKey });
}

export function changeUser(id: string, body: { role?: string; disabled?: boolean }): Promise<User> {
  return unwrap(api.PATCH("/api/v1/users/{id}", { ...user(id), body }));
}

export async function endUserSessions(id: string): Promise<void> {
  await unwrap(api.POST("/api/v1/users/{id}/end-sessions", user(id)));
}

export async function deleteUser(id: string): Promise<void> {
  await unwrap(api.DELETE("/api/v1/users/{id}", user(id)));
}

export const invitationsQuery = infiniteQueryOptions({
  queryKey: ["invitations"],
  queryFn: ({ pageParam }) =>
    unwrap(api.GET("/api/v1/invitations", { params: { query: cursorParam(pageParam) } })),
  initialPageParam: firstPage,
  getNextPageParam: nextCursor,
});

/** The only answer that holds the token of the link. */
export function invite(body: InvitationNew): Promise<InvitationMade> {
  return unwrap(api.POST("/api/v1/invitations", { body }));
}

export async function withdrawInvitation(id: string): Promise<void> {
  await unwrap(api.DELETE("/api/v1/invitations/{id}", { params: { path: { id } } }));
}

export const rolesQuery = queryOptions({
  queryKey: ["roles"],
  queryFn: async () => (await unwrap(api.GET("/api/v1/roles"))).items,
});

export function createRole(body: RoleNew): Promise<Role> {
  return unwrap(api.POST("/api/v1/roles", { body }));
}

export function changeRole(name: string, body: Omit<RoleNew, "name">): Promise<Role> {
  return unwrap(api.PATCH("/api/v1/roles/{name}", { params: { path: { name } }, body }));
}

export async function deleteRole(name: string): Promise<void> {
  await unwrap(api.DELETE("/api/v1/roles/{name}", { params: { path: { name } } }));
}
