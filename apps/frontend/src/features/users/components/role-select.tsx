import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { errorText } from "@/api/problem";
import { useOwnPermissions } from "@/api/rights";
import type { Permission, Role, User } from "@/api/types";
import { FormDialog } from "@/components/ui/form-dialog";
import { Select } from "@/components/ui/select";
import { showToast } from "@/lib/toasts";
import { changeUser, refetchUsers } from "../api";
import { capitalised } from "@/lib/words";

type RoleSelectProps = { user: User; roles: readonly Role[]; own: boolean };

/** Nobody gives a role that may do more than themselves. */
export function givable(roles: readonly Role[], own: readonly Permission[]): Role[] {
  return roles.filter(({ permissions }) => permissions.every((each) => own.includes(each)));
}

export function roleOptions(roles: readonly Role[]) {
  return roles.map(({ name }) => ({ value: name, label: capitalised(name) }));
}

/** Takes effect at once, and can be taken back; giving up one's own rights is asked about first. */
export function RoleSelect({ user, roles, own }: RoleSelectProps) {
  const [asked, setAsked] = useState<string | null>(null);
  // Drawn with the click itself; the mutation says that it is pending a moment later.
  const [chosen, setChosen] = useState<string>();
  const ownPermissions = useOwnPermissions();
  const offered = roleOptions(givable(roles, ownPermissions));
  const known = offered.some(({ value }) => value === user.role);
  const options = known
    ? offered
    : [{ value: user.role, label: capitalised(user.role) }, ...offered];
  const change = useMutation({
    mutationFn: (role: string) => changeUser(user.id, { role }),
    onSuccess: (_, role) => {
      setAsked(null);
      showToast({
        text: `${user.username} is now ${role}`,
        ...(!own && { action: { label: "Undo", run: () => void giveBack(user) } }),
      });
    },
    onError: (error) => showToast({ tone: "danger", text: `Not changed: ${errorText(error)}` }),
    onSettled: async () => {
      await refetchUsers();
      setChosen(undefined);
    },
  });
  function give(role: string) {
    setChosen(role);
    change.mutate(role);
  }
  return (
    <>
      <Select
        aria-label={`Role of ${user.username}`}
        className="w-full"
        options={options}
        value={chosen ?? user.role}
        // One's own goes through a question, those above oneself cannot be changed at all.
        disabled={chosen !== undefined || !known}
        onChange={({ target: { value } }) => (own ? setAsked(value) : give(value))}
      />
      {asked !== null && (
        <FormDialog
          title={`Become ${asked}?`}
          lead="You are changing your own role. You may lose the right to undo it."
          submit="Change my role"
          danger
          busy={change.isPending}
          onSubmit={() => give(asked)}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

async function giveBack({ id, role, username }: User): Promise<void> {
  try {
    await changeUser(id, { role });
    showToast({ text: `${username} is ${role} again` });
  } catch (error) {
    showToast({ tone: "danger", text: `Not changed: ${errorText(error)}` });
  }
  await refetchUsers();
}
