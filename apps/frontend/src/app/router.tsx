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

const register = createRoute({
  getParentRoute: () => root,
  path: "/register",
  validateSearch: ({ invitation }): { invitation?: string } =>
    typeof invitation === "string" ? { invitation } : {},
  beforeLoad: async () => {
    await restoreSession();
    if (session.get().phase === "signed-in") throw redirect({ to: "/" });
  },
  component: lazyRouteComponent(() => import("./register-route"), "RegisterRoute"),
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
  // A message of it to open at.
  validateSearch: ({ message }): { message?: string } =>
    typeof message === "string" ? { message } : {},
  // Beside the code of the view, so that no answer is first shown as its source.
  loader: preloadMarkdown,
  component: lazyRouteComponent(() => import("./chat-routes"), "ChatRoute"),
});

const settingsRoutes = () => import("./settings-routes");

const settings = createRoute({
  getParentRoute: () => workspace,
  path: "/settings",
  component: lazyRouteComponent(settingsRoutes, "SettingsArea"),
});

const settingsPages = [
  createRoute({
    getParentRoute: () => settings,
    path: "/",
    beforeLoad: () => {
      throw redirect({ to: "/settings/profile", replace: true });
    },
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/profile",
    component: lazyRouteComponent(settingsRoutes, "ProfileRoute"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/password",
    component: lazyRouteComponent(settingsRoutes, "PasswordRoute"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/sessions",
    component: lazyRouteComponent(settingsRoutes, "SessionsRoute"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/api-keys",
    component: lazyRouteComponent(settingsRoutes, "KeysRoute"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/deleted",
    component: lazyRouteComponent(settingsRoutes, "DeletedRoute"),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: "/data",
    component: lazyRouteComponent(settingsRoutes, "DataRoute"),
  }),
] as const;

const adminRoutes = () => import("./admin-routes");

const admin = createRoute({
  getParentRoute: () => workspace,
  path: "/admin",
  component: lazyRouteComponent(adminRoutes, "AdminArea"),
});

const adminPages = [
  createRoute({
    getParentRoute: () => admin,
    path: "/",
    component: lazyRouteComponent(adminRoutes, "AdminIndexRoute"),
  }),
  createRoute({
    getParentRoute: () => admin,
    path: "/users",
    component: lazyRouteComponent(adminRoutes, "UsersRoute"),
  }),
  createRoute({
    getParentRoute: () => admin,
    path: "/roles",
    component: lazyRouteComponent(adminRoutes, "RolesRoute"),
  }),
  createRoute({
    getParentRoute: () => admin,
    path: "/audit",
    component: lazyRouteComponent(adminRoutes, "AuditRoute"),
  }),
  createRoute({
    getParentRoute: () => admin,
    path: "/settings",
    component: lazyRouteComponent(adminRoutes, "InstallationRoute"),
  }),
] as const;

function searchText(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => typeof value === "string");
  const text = new URLSearchParams(given as [string, string][]).toString();
  return text === "" ? "" : `?${text}`;
}

export const router = createRouter({
  routeTree: root.addChildren([
    setup,
    login,
    register,
    help,
    workspace.addChildren([
      newChat,
      chat,
      settings.addChildren(settingsPages),
      admin.addChildren(adminPages),
    ]),
  ]),
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
