import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { preloadMarkdown } from "@/components/markdown/lazy-markdown";
import { restoreSession, session } from "@/api/session";
import { ErrorPage } from "./error-page";
import { NotFoundPage } from "./not-found-page";
import { PendingPage } from "./pending-page";

const root = createRootRoute({ notFoundComponent: NotFoundPage, errorComponent: ErrorPage });

function inThisSite(target: unknown): string {
  return typeof target === "string" && /^\/(?!\/|\\)/.test(target) ? target : "/";
}

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: ({ token }): { token: string } => ({
    token: typeof token === "string" ? token : "",
  }),
  component: lazyRouteComponent(() => import("./setup-route"), "SetupRoute"),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: ({ next }): { next?: string } =>
    next === undefined ? {} : { next: inThisSite(next) },
  beforeLoad: async ({ search }) => {
    await restoreSession();
    if (session.get().phase === "signed-in") throw redirect({ to: search.next ?? "/" });
  },
  component: lazyRouteComponent(() => import("./login-route"), "LoginRoute"),
});

const help = createRoute({
  getParentRoute: () => root,
  path: "/help/{-$name}",
  component: lazyRouteComponent(() => import("./help-route"), "HelpRoute"),
});

/** All that needs somebody signed in. */
const workspace = createRoute({
  getParentRoute: () => root,
  id: "workspace",
  beforeLoad: async ({ location }) => {
    await restoreSession();
    if (session.get().phase === "signed-in") return;
    throw redirect({ to: "/login", search: location.href === "/" ? {} : { next: location.href } });
  },
  component: lazyRouteComponent(() => import("./workspace"), "Workspace"),
});

const newChat = createRoute({
  getParentRoute: () => workspace,
  path: "/",
  component: lazyRouteComponent(() => import("./chat-routes"), "NewChatRoute"),
});

const chat = createRoute({
  getParentRoute: () => workspace,
  path: "/c/$conversationId",
  // Beside the code of the view, so that no answer is first shown as its source.
  loader: preloadMarkdown,
  component: lazyRouteComponent(() => import("./chat-routes"), "ChatRoute"),
});

function searchText(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => typeof value === "string");
  const text = new URLSearchParams(given as [string, string][]).toString();
  return text === "" ? "" : `?${text}`;
}

export const router = createRouter({
  routeTree: root.addChildren([setup, login, help, workspace.addChildren([newChat, chat])]),
  defaultPendingComponent: PendingPage,
  defaultPendingMs: 300,
  // Every value is text: a token of digits alone must not become a number.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: searchText,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
