/** The pages of settings and administration, for their navigation and for the palette. */
import {
  Database,
  KeyRound,
  LockKeyhole,
  MonitorSmartphone,
  ScrollText,
  ShieldCheck,
  SlidersHorizontal,
  Trash2,
  UserRound,
  Users,
} from "lucide-react";
import type { AreaPage } from "./area";

export const settingsPages: readonly AreaPage[] = [
  { to: "/settings/profile", label: "Profile", icon: UserRound },
  { to: "/settings/password", label: "Password", icon: LockKeyhole },
  {
    to: "/settings/sessions",
    label: "Sessions",
    icon: MonitorSmartphone,
    needs: "account:read",
  },
  { to: "/settings/api-keys", label: "API keys", icon: KeyRound, needs: "keys:manage" },
  { to: "/settings/deleted", label: "Deleted chats", icon: Trash2, needs: "chat:read" },
  { to: "/settings/data", label: "Your data", icon: Database },
];

export const adminPages: readonly AreaPage[] = [
  { to: "/admin/users", label: "Users", icon: Users, needs: "users:manage" },
  { to: "/admin/roles", label: "Roles", icon: ShieldCheck, needs: "users:manage" },
  { to: "/admin/audit", label: "Audit log", icon: ScrollText, needs: "audit:read" },
  { to: "/admin/settings", label: "Settings", icon: SlidersHorizontal, needs: "settings:manage" },
];
