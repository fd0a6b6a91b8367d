import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "@/api/problem";
import { useOwnPermissions } from "@/api/rights";
import type { ApiKeyMade, Permission } from "@/api/types";
import { PermissionChecks } from "@/components/permissions/permission-checks";
import { Field } from "@/components/ui/field";
import { FormDialog } from "@/components/ui/form-dialog";
import { SelectField } from "@/components/ui/select";
import { createKey, keysQuery } from "../api";
import { NewKey } from "./new-key";

const lifetimes = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "A year" },
  { value: "", label: "Never" },
];

/** What most programs need, of what the maker has. */
const usual: readonly Permission[] = ["chat:read", "chat:write", "models:read"];

/** A key lets nobody in and gives no rights, whatever it may do: it is not promised what would be little else. */
const beyondKeys: readonly Permission[] = ["keys:manage", "roles:manage", "settings:manage"];

export function CreateKey({ onClose }: { onClose: () => void }) {
  const own = useOwnPermissions();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Permission[]>(usual.filter((scope) => own.includes(scope)));
  const [days, setDays] = useState("90");
  const [checked, setChecked] = useState(false);
  const [made, setMade] = useState<ApiKeyMade | null>(null);
  const queryClient = useQueryClient();
  const creation = useMutation({
    mutationFn: createKey,
    // Kept by this dialog alone, never in a cache.
    onSuccess: (key) => {
      setMade(key);
      creation.reset();
      void queryClient.invalidateQueries(keysQuery);
    },
  });
  if (made !== null) return <NewKey made={made} onClose={onClose} />;

  const faults = creation.error instanceof ApiError ? creation.error.fields : null;
  const nameFault = checked && name.trim() === "" ? "Give it a name." : undefined;
  const scopesFault = checked && scopes.length === 0 ? "Choose at least one." : undefined;

  function submit() {
    setChecked(true);
    if (name.trim() === "" || scopes.length === 0) return;
    creation.mutate({
      name: name.trim(),
      scopes,
      ...(days !== "" && { expires_in_days: Number(days) }),
    });
  }

  return (
    <FormDialog
      title="New API key"
      lead="It is shown once, right after it was made."
      submit="Create the key"
      busy={creation.isPending}
      error={faults !== null && faults.size > 0 ? null : creation.error}
      onSubmit={submit}
      onClose={onClose}
      className="w-[min(calc(100vw-2rem),32rem)]"
    >
      <Field
        label="Name"
        name="name"
        autoComplete="off"
        maxLength={100}
        placeholder="Which program is it for?"
        value={name}
        error={nameFault ?? faults?.get("name")}
        onChange={(event) => setName(event.target.value)}
      />
      <SelectField
        label="Expires"
        name="expires"
        options={lifetimes}
        value={days}
        onChange={(event) => setDays(event.target.value)}
      />
      <PermissionChecks
        legend="What it may do"
        offered={own.filter((scope) => !beyondKeys.includes(scope))}
        value={scopes}
        onChange={setScopes}
        error={scopesFault ?? faults?.get("scopes")}
      />
    </FormDialog>
  );
}
