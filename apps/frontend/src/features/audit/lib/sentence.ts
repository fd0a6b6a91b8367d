import type { AuditRow } from "@/api/types";

type Action = AuditRow["action"];
export type Details = { address?: string; username?: string; detail?: string };

/** Null: it was erased, or is not what it should be. */
export function detailsOf({ details }: AuditRow): Details | null {
  if (details === null) return null;
  try {
    const value: unknown = JSON.parse(details);
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}

/** The kinds of rows, as the filter lists them. */
export const actionNames: Record<Action, string> = {
  "session.open": "Sign-in",
  "session.close": "Sign-out",
  "session.revoke": "Session ended",
  "session.token_reuse": "Token used twice",
  "account.register": "Registration",
  "account.change": "Profile changed",
  "account.password": "Password changed",
  "account.role": "Role given",
  "account.disable": "Account disabled",
  "account.enable": "Account enabled",
  "account.export": "Data exported",
  "account.delete": "Account deleted",
  "invitation.create": "Invitation",
  "invitation.revoke": "Invitation withdrawn",
  "role.create": "Role made",
  "role.change": "Role changed",
  "role.delete": "Role deleted",
  "key.create": "API key made",
  "key.revoke": "API key revoked",
  "settings.change": "Setting changed",
  "audit.export": "Audit log exported",
  "data_key.rotate": "Data sealed anew",
  "master_key.change": "Master key changed",
  setup: "Set-up",
};

export type Sentence = { who: string; what: string };

/** What a row tells, for people. */
export function sentenceOf(row: AuditRow, nameOf: (id: string) => string): Sentence {
  const details = detailsOf(row) ?? {};
  const named = details.username === undefined ? "Somebody" : `“${details.username}”`;
  return {
    who: row.actor_id === "" ? named : nameOf(row.actor_id),
    what: deedOf(row, details, nameOf),
  };
}

function deedOf(
  row: AuditRow,
  { detail, username }: Details,
  nameOf: (id: string) => string,
): string {
  const own = row.object_id === row.actor_id;
  const whom = row.object_kind === "account" ? nameOf(row.object_id) : "";
  if (row.outcome === "refused" && row.action.startsWith("account."))
    return `gave a wrong password (${actionNames[row.action]})`;
  switch (row.action) {
    case "setup":
      return "set the server up";
    case "session.open":
      if (row.outcome === "done") return "signed in";
      return row.object_id === "" && username === undefined
        ? "tried a name that no account has"
        : "was not let in";
    case "session.close":
      return "signed out";
    case "session.revoke":
      return whom === "" ? "ended one of their sessions" : `signed ${whom} out everywhere`;
    case "session.token_reuse":
      return "lost a session: a used token came back";
    case "account.register":
      return "registered";
    case "account.change":
      return "changed their profile";
    case "account.password":
      return "changed their password";
    case "account.export":
      return "exported their data";
    case "account.delete":
      return own ? "deleted their account" : `deleted ${whom}`;
    case "account.role":
      return `made ${own ? "themselves" : whom} ${detail ?? "of another role"}`;
    case "account.disable":
      return `disabled ${whom}`;
    case "account.enable":
      return `enabled ${whom}`;
    case "invitation.create":
      return `invited somebody as ${detail ?? "user"}`;
    case "invitation.revoke":
      return "withdrew an invitation";
    case "role.create":
      return `made the role ${row.object_id}`;
    case "role.change":
      return `changed the role ${row.object_id}`;
    case "role.delete":
      return `deleted the role ${row.object_id}`;
    case "key.create":
      return detail === undefined ? "made an API key" : `made the API key “${detail}”`;
    case "key.revoke":
      return "revoked an API key";
    case "settings.change":
      return `set ${row.object_id} to ${detail ?? "another value"}`;
    case "audit.export":
      return "exported the audit log";
    case "data_key.rotate":
      return `sealed the data anew (${detail ?? "keys rotate"})`;
    case "master_key.change":
      return "changed the master key";
  }
}
