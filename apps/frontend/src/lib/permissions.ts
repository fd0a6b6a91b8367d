import type { Permission } from "@/api/types";

type Meaning = { permission: Permission; label: string; doc: string };

/** The permissions in words, those of the same kind together. */
export const permissionGroups: readonly { title: string; items: readonly Meaning[] }[] = [
  {
    title: "Chats and models",
    items: [
      { permission: "chat:read", label: "Read chats", doc: "Read one's own conversations." },
      {
        permission: "chat:write",
        label: "Write chats",
        doc: "Ask, rename and delete in one's own conversations.",
      },
      { permission: "models:read", label: "See models", doc: "List the models and their state." },
      {
        permission: "models:manage",
        label: "Manage models",
        doc: "Load, pull and remove models. Nothing asks for it yet.",
      },
    ],
  },
  {
    title: "Own account",
    items: [
      {
        permission: "account:read",
        label: "See the account",
        doc: "See one's own profile and sessions.",
      },
      {
        permission: "account:write",
        label: "Change the account",
        doc: "Change one's own profile and end one's sessions.",
      },
      { permission: "keys:manage", label: "API keys", doc: "Make and revoke one's own API keys." },
    ],
  },
  {
    title: "Administration",
    items: [
      {
        permission: "users:manage",
        label: "Manage users",
        doc: "See and change accounts, invite, end sessions.",
      },
      { permission: "roles:manage", label: "Manage roles", doc: "Make roles of permissions." },
      { permission: "audit:read", label: "Read the audit log", doc: "See who did what, and when." },
      {
        permission: "settings:manage",
        label: "Change settings",
        doc: "Change the settings of the installation.",
      },
    ],
  },
];

const labels = new Map(
  permissionGroups.flatMap(({ items }) =>
    items.map(({ permission, label }) => [permission, label]),
  ),
);

export function permissionLabel(permission: Permission): string {
  return labels.get(permission) ?? permission;
}
