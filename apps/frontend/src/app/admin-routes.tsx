import { Navigate, useNavigate, useSearch } from "@tanstack/react-router";
import { ScrollText, ShieldCheck, SlidersHorizontal, Users } from "lucide-react";
import { useOwnPermissions } from "@/api/rights";
import { AuditPage } from "@/features/audit/components/audit-page";
import { viewOf } from "@/features/audit/lib/view";
import { UsersPage } from "@/features/users/components/users-page";
import { Area, type AreaPage } from "./area";
import { Forbidden } from "./forbidden";
import { useSignedInUser } from "./use-user";

export { SettingsPage as InstallationRoute } from "@/features/settings/components/settings-page";
export { RolesPage as RolesRoute } from "@/features/users/components/roles-page";

const pages: readonly AreaPage[] = [
  { to: "/admin/users", label: "Users", icon: Users, needs: "users:manage" },
  { to: "/admin/roles", label: "Roles", icon: ShieldCheck, needs: "users:manage" },
  { to: "/admin/audit", label: "Audit log", icon: ScrollText, needs: "audit:read" },
  { to: "/admin/settings", label: "Settings", icon: SlidersHorizontal, needs: "settings:manage" },
];

export function AdminArea() {
  return <Area title="Administration" pages={pages} />;
}

/** Leads to the first page that one may see. */
export function AdminIndexRoute() {
  const own = useOwnPermissions();
  const first = pages.find(({ needs }) => needs !== undefined && own.includes(needs));
  return first === undefined ? <Forbidden /> : <Navigate to={first.to} replace />;
}

export function AuditRoute() {
  const navigate = useNavigate();
  const view = viewOf(useSearch({ strict: false }));
  return (
    <AuditPage
      view={view}
      onView={(search) => void navigate({ to: "/admin/audit", search, replace: true })}
    />
  );
}

export function UsersRoute() {
  const user = useSignedInUser();
  return user && <UsersPage ownId={user.id} />;
}
