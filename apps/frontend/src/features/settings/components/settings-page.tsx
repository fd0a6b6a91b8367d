import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { errorText } from "@/api/problem";
import type { Settings } from "@/api/types";
import { Check } from "@/components/ui/check";
import { ListFailed, ListLoading } from "@/components/ui/list-state";
import { Card, Section } from "@/components/ui/section";
import { showToast } from "@/lib/toasts";
import { changeSettings, settingsQuery } from "../api";

type Registration = Settings["registration"];

const choices: { value: Registration; label: string; doc: string }[] = [
  {
    value: "closed",
    label: "Closed",
    doc: "Nobody can make an account. Invitations that are still open do not work either.",
  },
  {
    value: "invite",
    label: "By invitation",
    doc: "Whoever has an invitation link can make an account, with the role of the invitation.",
  },
  {
    value: "open",
    label: "Open",
    doc: "Everybody who reaches this server can make an account, and gets the role “user”.",
  },
];

export function SettingsPage() {
  const { data, error, refetch } = useQuery(settingsQuery);
  return (
    <Section title="Settings" lead="Of the whole installation. They take effect at once.">
      {data ? (
        <RegistrationChoice value={data.registration} />
      ) : error ? (
        <ListFailed error={error} onRetry={() => void refetch()} />
      ) : (
        <ListLoading label="Loading the settings" />
      )}
    </Section>
  );
}

/** Shown as chosen before the server has agreed: the choice before is one click away. */
function RegistrationChoice({ value }: { value: Registration }) {
  const queryClient = useQueryClient();
  // Not the mutation's own variables: it tells of them a moment after the click, and till then
  // the choice before would be drawn once more.
  const [chosen, setChosen] = useState<Registration>();
  const change = useMutation({
    mutationFn: (registration: Registration) => changeSettings({ registration }),
    onSuccess: (settings) => {
      queryClient.setQueryData(settingsQuery.queryKey, settings);
      void queryClient.invalidateQueries({ queryKey: ["setup"] });
      showToast({ text: "Setting saved" });
    },
    onError: (error) => showToast({ tone: "danger", text: `Not saved: ${errorText(error)}` }),
    onSettled: (_, __, registration) =>
      setChosen((current) => (current === registration ? undefined : current)),
  });
  const shown = chosen ?? value;
  return (
    <Card className="p-5">
      <fieldset className="grid gap-4">
        <legend className="mb-4 font-semibold">Registration</legend>
        {choices.map((choice) => (
          <Check
            key={choice.value}
            type="radio"
            name="registration"
            label={choice.label}
            doc={choice.doc}
            value={choice.value}
            checked={shown === choice.value}
            onChange={() => {
              setChosen(choice.value);
              change.mutate(choice.value);
            }}
          />
        ))}
      </fieldset>
    </Card>
  );
}
