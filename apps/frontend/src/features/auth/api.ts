import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, isStatus, unwrap } from "@/api/client";
import { adoptUser, beginSession, endSession } from "@/api/session";
import { cursorParam, firstPage, nextCursor } from "@/lib/pages";

export type AccountForm = { username: string; email: string; password: string };
export type SignInForm = { username: string; password: string };
export type ProfileForm = { email?: string; full_name?: string | null; password?: string };
export type PasswordForm = { current_password: string; new_password: string };

export async function setUp(body: AccountForm & { token: string }): Promise<void> {
  beginSession(await unwrap(api.POST("/api/v1/setup", { body })));
}

export async function register(body: AccountForm & { invitation?: string }): Promise<void> {
  beginSession(await unwrap(api.POST("/api/v1/auth/register", { body })));
}

export async function signIn(body: SignInForm): Promise<void> {
  beginSession(await unwrap(api.POST("/api/v1/auth/login", { body })));
}

/** Throws, and stays signed in, when the server could not be told: its cookie would live on. */
export async function signOut(): Promise<void> {
  await unwrap(api.POST("/api/v1/auth/logout"));
  endSession();
}

export async function changeProfile(body: ProfileForm): Promise<void> {
  adoptUser(await unwrap(api.PATCH("/api/v1/auth/me", { body })));
}

/** All other sessions end. */
export async function changePassword(body: PasswordForm): Promise<void> {
  await unwrap(api.POST("/api/v1/auth/password", { body }));
}

export async function deleteAccount(password: string): Promise<void> {
  await unwrap(api.DELETE("/api/v1/auth/me", { body: { password } }));
  endSession();
}

function listSessions(cursor: string | null) {
  return unwrap(api.GET("/api/v1/sessions", { params: { query: cursorParam(cursor) } }));
}

export const sessionsQuery = infiniteQueryOptions({
  queryKey: ["sessions"],
  queryFn: ({ pageParam }) => listSessions(pageParam),
  initialPageParam: firstPage,
  getNextPageParam: nextCursor,
});

export async function endDeviceSession(id: string): Promise<void> {
  await unwrap(api.DELETE("/api/v1/sessions/{id}", { params: { path: { id } } }));
}

/** All but this one, also those that the list has not fetched yet. */
export async function endOtherSessions(): Promise<void> {
  let cursor: string | null = firstPage;
  do {
    const page = await listSessions(cursor);
    for (const { id, current } of page.items) if (!current) await endIfThere(id);
    cursor = page.next_cursor;
  } while (cursor !== null);
}

/** One that ended in the meantime is as wanted. */
async function endIfThere(id: string): Promise<void> {
  try {
    await endDeviceSession(id);
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
}
