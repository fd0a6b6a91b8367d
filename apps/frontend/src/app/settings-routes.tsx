import { DataPage } from "@/features/auth/components/data-page";
import { PasswordPage } from "@/features/auth/components/password-page";
import { ProfilePage } from "@/features/auth/components/profile-page";
import { SessionsPage } from "@/features/auth/components/sessions-page";
import { Area } from "./area";
import { settingsPages } from "./area-pages";
import { leaveDeleted, signOutHere } from "./sign-out";
import { useSignedInUser } from "./use-user";

export { DeletedPage as DeletedRoute } from "@/features/chat/components/deleted-page";
export { KeysPage as KeysRoute } from "@/features/keys/components/keys-page";

export function SettingsArea() {
  return <Area title="Settings" pages={settingsPages} />;
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
