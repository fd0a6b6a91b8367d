import { Search as SearchIcon } from "lucide-react";
import { useId, useState } from "react";
import { Dialog } from "@/components/ui/dialog";
import { Option } from "@/components/ui/option";
import { Spinner } from "@/components/ui/spinner";
import { useOptions } from "@/lib/use-options";
import { SearchNote } from "./search-note";
import { usePaletteEntries, type Entry } from "./use-palette-entries";

type CommandPaletteProps = { onClose: () => void; onShortcuts: () => void };

/** One field for everything: a combobox whose list holds the actions, the chats, and what was said in them. */
export function CommandPalette({ onClose, onShortcuts }: CommandPaletteProps) {
  const [query, setQuery] = useState("");
  const listId = useId();
  const { commands, results, search } = usePaletteEntries(query, onShortcuts);
  const entries = [...commands, ...results];
  const choose = (entry: Entry | undefined) => {
    if (entry?.stays !== true) onClose();
    entry?.choose();
  };
  const { active, setActive, onKeyDown } = useOptions(entries.length, (index) =>
    choose(entries[index]),
  );

  const options = (some: Entry[], first: number) =>
    some.map((entry, index) => (
      <Option
        key={entry.key}
        id={`${listId}-${first + index}`}
        active={first + index === active}
        onPoint={() => setActive(first + index)}
        onChoose={() => choose(entry)}
      >
        {entry.content}
      </Option>
    ));
  return (
    <Dialog
      label="Search and commands"
      keepsShortcuts
      onClose={onClose}
      className="mt-[12dvh] w-[min(calc(100vw-2rem),38rem)] max-sm:mt-4"
    >
      <div className="flex items-center gap-3 border-b border-line px-4">
        <SearchIcon className="size-4.5 shrink-0 text-faint" aria-hidden="true" />
        <input
          role="combobox"
          aria-label="Search chats and commands"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={active >= 0 ? `${listId}-${active}` : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder="Search chats and commands"
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
          className="h-13 w-full bg-transparent text-[1rem] outline-none placeholder:text-faint"
        />
        {search.busy && <Spinner className="size-4 shrink-0 text-faint" />}
      </div>
      <div
        id={listId}
        role="listbox"
        aria-label="Results"
        className="max-h-[min(30rem,62dvh)] overflow-y-auto p-1.5 empty:hidden"
      >
        {commands.length > 0 && (
          <div role="group" aria-label="Chats and commands">
            {options(commands, 0)}
          </div>
        )}
        {results.length > 0 && (
          <div role="group" aria-label="In your chats">
            <p aria-hidden="true" className="px-3 pt-3 pb-1 text-xs font-medium text-faint">
              In your chats
            </p>
            {options(results, commands.length)}
          </div>
        )}
      </div>
      <SearchNote search={search} typed={query.trim() !== ""} empty={entries.length === 0} />
    </Dialog>
  );
}
