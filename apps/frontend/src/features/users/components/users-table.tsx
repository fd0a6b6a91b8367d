import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Role, User } from "@/api/types";
import { Avatar } from "@/components/ui/avatar";
import { Badge } from "@/components/ui/badge";
import { Card } from "@/components/ui/section";
import { Time } from "@/components/ui/time";
import { cx } from "@/lib/cx";
import { rolesQuery } from "../api";
import { RoleSelect } from "./role-select";
import { UserActions, type UserAction } from "./user-actions";
import { UserDialog } from "./user-dialog";

type Asked = { user: User; action: UserAction };

export function UsersTable({ users, ownId }: { users: readonly User[]; ownId: string }) {
  const { data: roles = [] } = useQuery(rolesQuery);
  const [asked, setAsked] = useState<Asked | null>(null);
  return (
    <Card className="overflow-hidden">
      <table className="w-full table-fixed text-left text-sm">
        <caption className="sr-only">Users</caption>
        <colgroup>
          <col />
          <col className="w-42 sm:w-44" />
          <col className="w-32 max-lg:hidden" />
          <col className="w-12 sm:w-14" />
        </colgroup>
        <thead className="border-b border-line bg-panel text-xs text-faint max-sm:sr-only">
          <tr>
            <th scope="col" className="px-5 py-2.5 font-medium">
              Name
            </th>
            <th scope="col" className="px-2 py-2.5 font-medium">
              Role
            </th>
            <th scope="col" className="px-3 py-2.5 font-medium max-lg:hidden">
              Since
            </th>
            <th scope="col" className="py-2.5">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {users.map((user) => (
            <UserRow
              key={user.id}
              user={user}
              roles={roles}
              own={user.id === ownId}
              onAction={(action) => setAsked({ user, action })}
            />
          ))}
        </tbody>
      </table>
      {asked !== null && <UserDialog {...asked} onClose={() => setAsked(null)} />}
    </Card>
  );
}

type UserRowProps = {
  user: User;
  roles: readonly Role[];
  own: boolean;
  onAction: (action: UserAction) => void;
};

function UserRow({ user, roles, own, onAction }: UserRowProps) {
  const disabled = user.disabled_at !== null;
  return (
    <tr>
      <td className="py-3 pr-2 pl-4 sm:pl-5">
        <div className="flex items-center gap-3">
          <Avatar
            name={user.username}
            className={cx("max-sm:hidden", disabled && "opacity-50 grayscale")}
          />
          <div className="min-w-0">
            <p className="flex items-center gap-2">
              <span
                className={cx("truncate font-medium", disabled && "text-faint")}
                title={user.username}
              >
                {user.username}
              </span>
              {own && <Badge tone="accent">You</Badge>}
              {disabled && <Badge tone="danger">Disabled</Badge>}
            </p>
            {user.full_name !== null && (
              <p className="truncate text-soft" title={user.full_name}>
                <bdi>{user.full_name}</bdi>
              </p>
            )}
            <p className="truncate text-faint" title={user.email}>
              {user.email}
            </p>
          </div>
        </div>
      </td>
      <td className="px-2 py-3">
        <RoleSelect user={user} roles={roles} own={own} />
      </td>
      <td className="px-3 py-3 text-soft max-lg:hidden">
        <Time at={user.created_at} />
      </td>
      <td className="py-3 pr-2 text-right">
        <UserActions user={user} own={own} onAction={onAction} />
      </td>
    </tr>
  );
}
