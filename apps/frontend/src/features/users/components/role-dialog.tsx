import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "@/api/problem";
import { useOwnPermissions } from "@/api/rights";
import type { Permission, Role } from "@/api/types";
import { PermissionChecks } from "@/components/permissions/permission-checks";
import { Field } from "@/components/ui/field";
import { FormDialog } from "@/components/ui/form-dialog";
import { showToast } from "@/lib/toasts";
import { changeRole, createRole, rolesQuery } from "../api";

const namePattern = /^[a-z0-9][a-z0-9._-]{2,31}$/;

/** A new role, or one that is there. */
export function RoleDialog({ role, onClose }: { role: Role | null; onClose: () => void }) {
  const [name, setName] = useState(role?.name ?? "");
  const [doc, setDoc] = useState(role?.doc ?? "");
  const [permissions, setPermissions] = useState<Permission[]>(
    role?.permissions ?? ["account:read", "chat:read", "models:read"],
  );
  const [checked, setChecked] = useState(false);
  const own = useOwnPermissions();
  const queryClient = useQueryClient();
  const saving = useMutation({
    mutationFn: () =>
      role === null
        ? createRole({ name, doc: doc.trim(), permissions })
        : changeRole(role.name, { doc: doc.trim(), permissions }),
    onSuccess: () => {
      showToast({ text: role === null ? "Role made" : "Role changed" });
      onClose();
    },
    onSettled: () => queryClient.invalidateQueries(rolesQuery),
  });
  const faults = saving.error instanceof ApiError ? saving.error.fields : null;
  const nameFault = namePattern.test(name)
    ? undefined
    : "3 to 32 small letters, digits, dots, dashes or underscores.";
  const complete = permissions.length > 0 && (role !== null || nameFault === undefined);

  return (
    <FormDialog
      title={role === null ? "New role" : `Edit ${role.name}`}
      submit={role === null ? "Make the role" : "Save"}
      busy={saving.isPending}
      error={faults !== null && faults.size > 0 ? null : saving.error}
      onSubmit={() => {
        setChecked(true);
        if (complete) saving.mutate();
      }}
      onClose={onClose}
      className="w-[min(calc(100vw-2rem),32rem)]"
    >
      {role === null && (
        <Field
          label="Name"
          name="name"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={name}
          error={(checked ? nameFault : undefined) ?? faults?.get("name")}
          onChange={(event) => setName(event.target.value.toLowerCase())}
        />
      )}
      <Field
        label="Who it is for"
        name="doc"
        autoComplete="off"
        maxLength={200}
        value={doc}
        error={faults?.get("doc")}
        onChange={(event) => setDoc(event.target.value)}
      />
      <PermissionChecks
        legend="What it may do"
        offered={own}
        value={permissions}
        onChange={setPermissions}
        error={
          checked && permissions.length === 0 ? "Choose at least one." : faults?.get("permissions")
        }
      />
    </FormDialog>
  );
}
