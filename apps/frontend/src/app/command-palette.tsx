import { useQueryClient } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useId, useState, type KeyboardEvent } from "react";
import { Dialog } from "@/components/ui/dialog";
import { Keys } from "@/components/ui/keys";
import { cx } from "@/lib/cx";
import { rank } from "@/lib/fuzzy";
import { conversationsQuery } from "@/features/chat/api/conversations";
import { useCommands, type Command } from "./commands";

const mostShown = 12;

type CommandPaletteProps = { onClose: () => void; onShortcuts: () => void };

/** One field for everything: a combobox whose list holds the actions and the loaded chats. */
export function CommandPalette({ onClose, onShortcuts }: CommandPaletteProps) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const listId = useId();
  const pages = useQueryClient().getQueryData(conversationsQuery.queryKey)?.pages ?? [];
  const commands = useCommands(
    pages.flatMap(({ items }) => items),
    onShortcuts,
  );
  const found = rank(commands, query, ({ label }) => label).slice(0, mostShown);
  const optionId = (index: number) => `${listId}-${index}`;

  function choose(command: Command | undefined) {
    if (command === undefined) return;
    onClose();
    command.run();
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setActive((active + step + found.length) % found.length);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      choose(found[active]);
    }
  }

  return (
    <Dialog
      label="Search and commands"
      onClose={onClose}
      className="mt-[12dvh] w-[min(calc(100vw-2rem),36rem)]"
    >
      <div className="flex items-center gap-3 border-b border-line px-4">
        <Search className="size-4.5 shrink-0 text-faint" aria-hidden="true" />
        <input
          role="combobox"
          aria-label="Search chats and commands"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={found.length > 0 ? optionId(active) : undefined}
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
      </div>
      <div
        id={listId}
        role="listbox"
        aria-label="Results"
        className="max-h-[min(24rem,55dvh)] overflow-y-auto p-1.5"
      >
        {found.map((command, index) => (
          <Option
            key={command.id}
            id={optionId(index)}
            command={command}
            active={index === active}
            onPoint={() => setActive(index)}
            onChoose={() => choose(command)}
          />
        ))}
      </div>
      {found.length === 0 && (
        <p role="status" className="px-4 pt-1 pb-5 text-center text-sm text-faint">
          Nothing found among the loaded chats.
        </p>
      )}
    </Dialog>
  );
}

type OptionProps = {
  id: string;
  command: Command;
  active: boolean;
  onPoint: () => void;
  onChoose: () => void;
};

function Option({ id, command, active, onPoint, onChoose }: OptionProps) {
  const Icon = command.icon;
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the combobox handles the keys
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      ref={(element) => {
        if (active) element?.scrollIntoView({ block: "nearest" });
      }}
      onPointerMove={onPoint}
      onClick={onChoose}
      className={cx("flex items-center gap-3 rounded-lg px-3 py-2.5 text-sm", active && "bg-hover")}
    >
      <Icon className="size-4 shrink-0 text-faint" aria-hidden="true" />
      <span className="min-w-0 flex-1 truncate">{command.label}</span>
      {command.shortcut !== undefined && <Keys combo={command.shortcut} className="text-faint" />}
    </div>
  );
}
