import { Button } from "@/components/ui/button";
import { ErrorText } from "@/components/ui/error-text";
import type { Search } from "@/features/search/hooks/use-search";

type SearchNoteProps = { search: Search; typed: boolean; empty: boolean };

/** What there is to say beside the results. */
export function SearchNote({ search, typed, empty }: SearchNoteProps) {
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
  if (search.unfinished) {
    return (
      <p role="status" className="border-t border-line px-4 py-3 text-center text-sm text-ink">
        {empty
          ? "Nothing found. Only whole words are found: finish the word."
          : "Only whole words are found in chats: finish the word."}
      </p>
    );
  }
  return typed && empty ? (
    <p role="status" className={look}>
      Nothing found.
    </p>
  ) : null;
}
