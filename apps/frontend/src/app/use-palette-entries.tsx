import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { History } from "lucide-react";
import type { ReactNode } from "react";
import { useMay } from "@/api/rights";
import type { SearchResult } from "@/api/types";
import { conversationsQuery } from "@/features/chat/api/conversations";
import { SearchResultView } from "@/features/search/components/search-result";
import { useSearch, type Search } from "@/features/search/hooks/use-search";
import { foundWords, wordsOf } from "@/lib/found-words";
import { rank } from "@/lib/fuzzy";
import { CommandLine } from "./command-line";
import { useCommands, type Command } from "./commands";

const mostCommands = 12;
const mostBesideResults = 5;

export type Entry = {
  key: string;
  content: ReactNode;
  choose: () => void;
  /** The palette stays open. */
  stays?: boolean;
};

type Entries = { commands: Entry[]; results: Entry[]; search: Search };

/** What fits the words: commands and chats by their names, and what was said in the chats. */
export function usePaletteEntries(query: string, onShortcuts: () => void): Entries {
  const commands = useFoundCommands(query, onShortcuts);
  const search = useSearch(query);
  const open = useOpenResult(query);
  const listed = new Set(commands.map(({ id }) => id));
  const results: Entry[] = search.results
    .filter(
      ({ message_id, conversation_id }) => message_id !== null || !listed.has(conversation_id),
    )
    .map((result) => ({
      key: `${result.conversation_id} ${result.message_id ?? ""}`,
      content: <SearchResultView result={result} />,
      choose: () => open(result),
    }));
  if (search.more !== null) {
    const content = <MoreLine partial={search.partial} />;
    results.push({ key: "more", content, choose: search.more, stays: true });
  }
  return {
    commands: commands.map((command) => ({
      key: command.id,
      content: <CommandLine command={command} />,
      choose: command.run,
    })),
    results,
    search,
  };
}

function useFoundCommands(query: string, onShortcuts: () => void): Command[] {
  const { data } = useInfiniteQuery({ ...conversationsQuery, enabled: useMay("chat:read") });
  const conversations = data?.pages.flatMap(({ items }) => items) ?? [];
  const commands = useCommands(conversations, onShortcuts);
  const most = query.trim() === "" ? mostCommands : mostBesideResults;
  return rank(commands, query, ({ label }) => label).slice(0, most);
}

/** Goes to the chat, in it to the message, and in that to the words. */
function useOpenResult(query: string): (result: SearchResult) => void {
  const navigate = useNavigate();
  return ({ conversation_id, message_id, excerpt }) => {
    const hits = excerpt.filter(({ hit }) => hit).map(({ text }) => text);
    foundWords.set(message_id === null ? [] : wordsOf(query, hits));
    void navigate({
      to: "/c/$conversationId",
      params: { conversationId: conversation_id },
      search: message_id === null ? {} : { message: message_id },
    });
  };
}

function MoreLine({ partial }: { partial: boolean }) {
  return (
    <>
      <History className="size-4 shrink-0 text-faint" aria-hidden="true" />
      <span className="flex-1 font-medium text-soft">
        {partial ? "Keep looking, further back" : "More results"}
      </span>
    </>
  );
}
