import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useId, useState } from "react";
import type { Model } from "@/api/types";
import { useOptions } from "@/lib/use-options";
import { modelsQuery } from "../api";
import { groupModels, isSearched, type ModelGroup } from "../lib/model-groups";
import { recentModels } from "../lib/recent-models";
import { ModelListState } from "./model-list-state";
import { ModelOption } from "./model-option";

type ModelListProps = {
  value: string;
  /** The name of the chosen model, when it is not among them. */
  missing: string | null;
  onChoose: (id: string) => void;
};

const none: readonly Model[] = [];

/** A combobox when there are many to choose from; a plain list to walk when there are few. */
export function ModelList({ value, missing, onChoose }: ModelListProps) {
  const query = useQuery(modelsQuery);
  const { data = none } = query;
  const [typed, setTyped] = useState("");
  const [recent] = useState(recentModels);
  const listId = useId();
  const groups = groupModels(data, typed, recent);
  const models = groups.flatMap((group) => group.models);
  const choose = (model: Model | undefined) => {
    if (model !== undefined && model.status !== "unavailable") onChoose(model.id);
  };
  const { active, setActive, onKeyDown } = useOptions(
    models.length,
    (index) => choose(models[index]),
    () =>
      Math.max(
        models.findIndex(({ id }) => id === value),
        0,
      ),
  );
  const optionId = (model: Model) => `${listId}-${models.indexOf(model)}`;
  const current = models[active];
  const walked = { "aria-activedescendant": current && optionId(current), onKeyDown };
  const searched = isSearched(data);

  return (
    <>
      {searched && (
        <div className="flex items-center gap-2.5 border-b border-line px-3.5">
          <Search className="size-4 shrink-0 text-faint" aria-hidden="true" />
          <input
            role="combobox"
            aria-label="Search models"
            aria-expanded="true"
            aria-controls={listId}
            aria-autocomplete="list"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            placeholder="Search models"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setActive(0);
            }}
            className="h-11 w-full bg-transparent text-[16px] outline-none placeholder:text-faint sm:text-sm"
            {...walked}
          />
        </div>
      )}
      <ModelListState query={query} missing={missing} found={models.length > 0} />
      <div
        id={listId}
        role="listbox"
        aria-label="Models"
        tabIndex={searched ? -1 : 0}
        className="min-h-0 overflow-y-auto overscroll-contain p-1.5 outline-none empty:hidden"
        {...(!searched && walked)}
      >
        {groups.map((group) => (
          <Group key={group.label} group={group}>
            {(model) => (
              <ModelOption
                key={model.id}
                id={optionId(model)}
                model={model}
                chosen={model.id === value}
                active={model === current}
                onPoint={() => setActive(models.indexOf(model))}
                onChoose={() => choose(model)}
              />
            )}
          </Group>
        ))}
      </div>
    </>
  );
}

type GroupProps = { group: ModelGroup; children: (model: Model) => React.ReactNode };

function Group({ group: { label, models }, children }: GroupProps) {
  return (
    <div role="group" aria-label={label}>
      <p aria-hidden="true" className="px-2.5 pt-2 pb-1 text-xs font-medium text-faint">
        {label}
      </p>
      {models.map(children)}
    </div>
  );
}
