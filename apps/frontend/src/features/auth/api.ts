import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api/client";
import { adoptSession, endSession } from "@/api/session";

export type SetupForm = { token: string; username: string; email: string; password: string };
export type SignInForm = { username: string; password: string };

export const setupStateQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: () => unwrap(api.GET("/api/v1/setup")),
  staleTime: 0,
});

export async function setUp(body: SetupForm): Promise<void> {
  adoptSession(await unwrap(api.POST("/api/v1/setup", { body })));
}

export async function signIn(body: SignInForm): Promise<void> {
  adoptSession(await unwrap(api.POST("/api/v1/auth/login", { body })));
}

/** Throws, and stays signed in, when the server could not be told: its cookie would live on. */
export async function signOut(): Promise<void> {
  await unwrap(api.POST("/api/v1/auth/logout"));
  endSession();
}
