import type { Permission } from "@/api/types";
import { Check } from "@/components/ui/check";
import { permissionGroups } from "@/lib/permissions";

type PermissionChecksProps = {
  legend: string;
  /** Those that can be chosen: nobody gives away what they have not. */
  offered: readonly Permission[];
  value: readonly Permission[];
  onChange: (value: Permission[]) => void;
  error?: string | undefined;
};

export function PermissionChecks(props: PermissionChecksProps) {
  const { legend, offered, value, onChange, error } = props;
  const groups = permissionGroups
    .map(({ title, items }) => ({
      title,
      items: items.filter(({ permission }) => offered.includes(permission)),
    }))
    .filter(({ items }) => items.length > 0);

  function toggle(permission: Permission, chosen: boolean) {
    onChange(chosen ? [...value, permission] : value.filter((other) => other !== permission));
  }

  return (
    <fieldset className="grid min-w-0 gap-2">
      <legend className="mb-2 text-sm font-medium">{legend}</legend>
      <div className="grid gap-4 rounded-xl border border-line-strong p-4">
        {groups.map(({ title, items }) => (
          <div key={title} role="group" aria-label={title} className="grid gap-3">
            <p className="text-xs font-medium text-faint">{title}</p>
            {items.map(({ permission, label, doc }) => (
              <Check
                key={permission}
                name={permission}
                label={label}
                doc={doc}
                checked={value.includes(permission)}
                onChange={(event) => toggle(permission, event.target.checked)}
              />
            ))}
          </div>
        ))}
      </div>
      {error !== undefined && (
        <p role="alert" className="text-sm text-danger">
          {error}
        </p>
      )}
    </fieldset>
  );
}
