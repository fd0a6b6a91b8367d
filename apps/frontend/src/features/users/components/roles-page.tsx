import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useMay } from "@/api/rights";
import type { Role } from "@/api/types";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { FormDialog } from "@/components/ui/form-dialog";
import { IconButton } from "@/components/ui/icon-button";
import { ListFailed, ListLoading } from "@/components/ui/list-state";
import { Card, Section } from "@/components/ui/section";
import { permissionLabel } from "@/lib/permissions";
import { showToast } from "@/lib/toasts";
import { deleteRole, rolesQuery } from "../api";
import { RoleDialog } from "./role-dialog";

type Asked = { kind: "edit"; role: Role | null } | { kind: "delete"; role: Role };

export function RolesPage() {
  const { data, error, refetch } = useQuery(rolesQuery);
  const [asked, setAsked] = useState<Asked | null>(null);
  const allowed = useMay("roles:manage");
  const close = () => setAsked(null);
  return (
    <Section
      title="Roles"
      lead="A role is a set of permissions. Change one, and it changes at once for everybody who has it."
      actions={
        allowed && (
          <Button variant="primary" onClick={() => setAsked({ kind: "edit", role: null })}>
            <Plus className="size-4" aria-hidden="true" />
            New role
          </Button>
        )
      }
    >
      {data ? (
        <Card>
          <ul className="divide-y divide-line">
            {data.map((role) => (
              <RoleRow
                key={role.name}
                role={role}
                editable={allowed && !role.built_in}
                onEdit={() => setAsked({ kind: "edit", role })}
                onDelete={() => setAsked({ kind: "delete", role })}
              />
            ))}
          </ul>
        </Card>
      ) : error ? (
        <ListFailed error={error} onRetry={() => void refetch()} />
      ) : (
        <ListLoading label="Loading the roles" rows={4} />
      )}
      {asked?.kind === "edit" && <RoleDialog role={asked.role} onClose={close} />}
      {asked?.kind === "delete" && <DeleteRole role={asked.role} onClose={close} />}
    </Section>
  );
}

type RoleRowProps = {
  role: Role;
  editable: boolean;
  onEdit: () => void;
  onDelete: () => void;
};

function RoleRow({ role, editable, onEdit, onDelete }: RoleRowProps) {
  return (
    <li className="flex items-start gap-3 px-4 py-4 sm:px-5">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-medium capitalize">{role.name}</span>
          {role.built_in && <Badge>Built in</Badge>}
        </p>
        {role.doc !== "" && <p className="text-sm text-pretty text-soft">{role.doc}</p>}
        <ul aria-label={`Permissions of ${role.name}`} className="mt-2.5 flex flex-wrap gap-1.5">
          {role.permissions.map((permission) => (
            <li key={permission} title={permission} className="flex">
              <Badge>{permissionLabel(permission)}</Badge>
            </li>
          ))}
        </ul>
      </div>
      {editable && (
        <div className="flex">
          <IconButton
            label={`Edit ${role.name}`}
            icon={<Pencil className="size-4" aria-hidden="true" />}
            onClick={onEdit}
          />
          <IconButton
            label={`Delete ${role.name}`}
            className="hover:text-danger"
            icon={<Trash2 className="size-4" aria-hidden="true" />}
            onClick={onDelete}
          />
        </div>
      )}
    </li>
  );
}

function DeleteRole({ role, onClose }: { role: Role; onClose: () => void }) {
  const queryClient = useQueryClient();
  const deletion = useMutation({
    mutationFn: () => deleteRole(role.name),
    onSuccess: () => {
      showToast({ text: "Role deleted" });
      onClose();
    },
    onSettled: () => queryClient.invalidateQueries(rolesQuery),
  });
  return (
    <FormDialog
      title={`Delete the role ${role.name}?`}
      lead="Only a role that nobody has can be deleted."
      submit="Delete"
      danger
      busy={deletion.isPending}
      error={deletion.error}
      onSubmit={() => deletion.mutate()}
      onClose={onClose}
    />
  );
}
