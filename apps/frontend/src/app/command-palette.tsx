import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { History, Search as SearchIcon } from "lucide-react";
import { useId, useState, type ReactNode } from "react";
import type { SearchResult } from "@/api/types";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { ErrorText } from "@/components/ui/error-text";
import { Option } from "@/components/ui/option";
import { Spinner } from "@/components/ui/spinner";
import { conversationsQuery } from "@/features/chat/api/conversations";
import { SearchResultView } from "@/features/search/components/search-result";
import { useSearch, type Search } from "@/features/search/hooks/use-search";
import { rank } from "@/lib/fuzzy";
import { useOptions } from "@/lib/use-options";
import { useCommands, type Command } from "./commands";
import { CommandLine } from "./command-line";

const mostCommands = 12;
const mostBesideResults = 5;

type CommandPaletteProps = { onClose: () => void; onShortcuts: () => void };

type Entry = { key: string; content: ReactNode; choose: () => void };

/** One field for everything: a combobox whose list holds the actions, the chats, and what was said in them. */
export function CommandPalette({ onClose, onShortcuts }: CommandPaletteProps) {
  const [query, setQuery] = useState("");
  const listId = useId();
  const commands = useFoundCommands(query, onShortcuts);
  const search = useSearch(query);
  const open = useOpenResult();
  const closeThen = (act: () => void) => () => {
    onClose();
    act();
  };

  const commandEntries: Entry[] = commands.map((command) => ({
    key: command.id,
    content: <CommandLine command={command} />,
    choose: closeThen(command.run),
  }));
  const listed = new Set(commands.map(({ id }) => id));
  const resultEntries: Entry[] = search.results
    .filter(
      ({ message_id, conversation_id }) => message_id !== null || !listed.has(conversation_id),
    )
    .map((result) => ({
      key: `${result.conversation_id} ${result.message_id ?? ""}`,
      content: <SearchResultView result={result} />,
      choose: closeThen(() => open(result)),
    }));
  if (search.more !== null)
    resultEntries.push({ key: "more", content: <MoreLine search={search} />, choose: search.more });
  const entries = [...commandEntries, ...resultEntries];
  const { active, setActive, onKeyDown } = useOptions(entries.length, (index) =>
    entries[index]?.choose(),
  );

  const options = (some: Entry[], first: number) =>
    some.map(({ key, content, choose }, index) => (
      <Option
        key={key}
        id={`${listId}-${first + index}`}
        active={first + index === active}
        onPoint={() => setActive(first + index)}
        onChoose={choose}
      >
        {content}
      </Option>
    ));
  return (
    <Dialog
      label="Search and commands"
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
        {commandEntries.length > 0 && (
          <div role="group" aria-label="Chats and commands">
            {options(commandEntries, 0)}
          </div>
        )}
        {resultEntries.length > 0 && (
          <div role="group" aria-label="In your chats">
            <p aria-hidden="true" className="px-3 pt-3 pb-1 text-xs font-medium text-faint">
              In your chats
            </p>
            {options(resultEntries, commandEntries.length)}
          </div>
        )}
      </div>
      <SearchNote search={search} typed={query.trim() !== ""} empty={entries.length === 0} />
    </Dialog>
  );
}

function useFoundCommands(query: string, onShortcuts: () => void): Command[] {
  const pages = useQueryClient().getQueryData(conversationsQuery.queryKey)?.pages ?? [];
  const commands = useCommands(
    pages.flatMap(({ items }) => items),
    onShortcuts,
  );
  const most = query.trim() === "" ? mostCommands : mostBesideResults;
  return rank(commands, query, ({ label }) => label).slice(0, most);
}

/** Goes to the chat, and in it to the message. */
function useOpenResult(): (result: SearchResult) => void {
  const navigate = useNavigate();
  return ({ conversation_id, message_id }) =>
    void navigate({
      to: "/c/$conversationId",
      params: { conversationId: conversation_id },
      search: message_id === null ? {} : { message: message_id },
    });
}

function MoreLine({ search }: { search: Search }) {
  return (
    <>
      <History className="size-4 shrink-0 text-faint" aria-hidden="true" />
      <span className="flex-1 font-medium text-soft">
        {search.partial ? "Keep looking, further back" : "More results"}
      </span>
    </>
  );
}

type SearchNoteProps = { search: Search; typed: boolean; empty: boolean };

/** What there is to say beside the results. */
function SearchNote({ search, typed, empty }: SearchNoteProps) {
  const look = "px-4 py-3 text-center text-sm text-faint";
  if (search.error !== null) {
    return (
      <div role="alert" className={`${look} border-t border-line`}>
        <ErrorText error={search.error} />{" "}
        <Button size="small" className="ml-2" onClick={search.retry}>
          Try again
        </Button>
      </div>
    );
  }
  if (search.partial && search.more === null) {
    return (
      <p role="status" className={`${look} border-t border-line`}>
        Older messages are still being prepared for searching.
      </p>
    );
  }
  if (typed && search.busy && empty) {
    return (
      <p role="status" className={look}>
        Searching…
      </p>
    );
  }
  return typed && empty ? (
    <p role="status" className={look}>
      Nothing found. Whole words are looked for, in all your chats.
    </p>
  ) : null;
}
