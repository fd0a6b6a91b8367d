import { Navigate, useNavigate, useSearch } from "@tanstack/react-router";
import { useOwnPermissions } from "@/api/rights";
import { AuditPage } from "@/features/audit/components/audit-page";
import { viewOf } from "@/features/audit/lib/view";
import { UsersPage } from "@/features/users/components/users-page";
import { Area } from "./area";
import { adminPages } from "./area-pages";
import { Forbidden } from "./forbidden";
import { useSignedInUser } from "./use-user";

export { SettingsPage as InstallationRoute } from "@/features/settings/components/settings-page";
export { RolesPage as RolesRoute } from "@/features/users/components/roles-page";

export function AdminArea() {
  return <Area title="Administration" pages={adminPages} />;
}

/** Leads to the first page that one may see. */
export function AdminIndexRoute() {
  const own = useOwnPermissions();
  const first = adminPages.find(({ needs }) => needs !== undefined && own.includes(needs));
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
