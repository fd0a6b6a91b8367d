import { MessageSquare, Sparkles, UserRound } from "lucide-react";
import type { SearchResult } from "@/api/types";
import { Time } from "@/components/ui/time";
import { shownTitle } from "@/lib/words";
import { shownExcerpt } from "../lib/shown-excerpt";

const looks = {
  title: { icon: MessageSquare, text: "Title" },
  user: { icon: UserRound, text: "You" },
  assistant: { icon: Sparkles, text: "Answer" },
};

/** Where it was found, and the words around it. */
export function SearchResultView({ result }: { result: SearchResult }) {
  const { icon: Icon, text } = looks[result.found_in];
  const title = shownTitle(result.conversation_title);
  return (
    <>
      <Icon className="mt-0.5 size-4 shrink-0 self-start text-faint" aria-hidden="true" />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-3">
          <bdi className="min-w-0 flex-1 truncate font-medium">{title}</bdi>
          <Time at={result.created_at} className="shrink-0 text-xs text-faint" />
        </span>
        <span dir="auto" className="mt-0.5 line-clamp-2 [overflow-wrap:anywhere] text-soft">
          <span className="sr-only">{text}: </span>
          {shownExcerpt(result.excerpt).map((segment, index) =>
            segment.hit ? (
              <mark key={index} className="rounded-sm bg-accent-wash font-medium text-ink">
                {segment.text}
              </mark>
            ) : (
              segment.text
            ),
          )}
        </span>
      </span>
    </>
  );
}
