import {
  Database,
  KeyRound,
  LockKeyhole,
  MonitorSmartphone,
  Trash2,
  UserRound,
} from "lucide-react";
import { DataPage } from "@/features/auth/components/data-page";
import { PasswordPage } from "@/features/auth/components/password-page";
import { ProfilePage } from "@/features/auth/components/profile-page";
import { SessionsPage } from "@/features/auth/components/sessions-page";
import { Area, type AreaPage } from "./area";
import { leaveDeleted, signOutHere } from "./sign-out";
import { useSignedInUser } from "./use-user";

export { DeletedPage as DeletedRoute } from "@/features/chat/components/deleted-page";
export { KeysPage as KeysRoute } from "@/features/keys/components/keys-page";

const pages: readonly AreaPage[] = [
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

export function SettingsArea() {
  return <Area title="Settings" pages={pages} />;
}

export function ProfileRoute() {
  const user = useSignedInUser();
  return user && <ProfilePage user={user} />;
}

export function PasswordRoute() {
  const user = useSignedInUser();
  return user && <PasswordPage username={user.username} />;
}

export function SessionsRoute() {
  return <SessionsPage onSignOut={() => void signOutHere()} />;
}

export function DataRoute() {
  const user = useSignedInUser();
  return user && <DataPage username={user.username} onDeleted={leaveDeleted} />;
}
