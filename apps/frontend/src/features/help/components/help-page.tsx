import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { isStatus } from "@/api/client";
import { LazyMarkdown } from "@/components/markdown/lazy-markdown";
import { ErrorText } from "@/components/ui/error-text";
import { Button } from "@/components/ui/button";
import { Logo } from "@/components/ui/logo";
import { Notice } from "@/components/ui/notice";
import { Skeleton } from "@/components/ui/skeleton";
import { cx } from "@/lib/cx";
import { lastChat } from "@/lib/last-chat";
import { useStore } from "@/lib/store";
import { helpListQuery, helpPageQuery } from "../api";
import { GuideContents } from "./guide-contents";

const docs = "../../../../../../docs";
const pictures: Record<string, string | undefined> = import.meta.glob(
  "../../../../../../docs/images/*.png",
  { eager: true, query: "?url", import: "default" },
);

/** The guides link each other as files; here they are pages. */
function resolveLink(href: string): string {
  const picture = pictures[`${docs}/${href}`];
  if (picture !== undefined) return picture;
  return href.replace(/^(?:\.\/)?([\w-]+)\.md(?=$|#)/, "/help/$1");
}

export function HelpPage({ name }: { name: string }) {
  const backTo = useStore(lastChat);
  return (
    <div key={name} className="h-full overflow-y-auto">
      <header className="sticky top-0 z-10 border-b border-line bg-canvas/90 backdrop-blur">
        <div className="mx-auto flex h-14 max-w-7xl items-center justify-between px-5">
          <Link to="/" aria-label="Web+, home" className="flex rounded-lg">
            <Logo />
          </Link>
          <Link
            to={backTo}
            className="inline-flex h-9 items-center gap-2 rounded-[10px] px-3 text-sm font-medium text-soft hover:bg-hover hover:text-ink"
          >
            <ArrowLeft className="size-4" aria-hidden="true" />
            Back to the chats
          </Link>
        </div>
      </header>
      <div className="mx-auto grid max-w-7xl gap-x-12 gap-y-6 px-5 py-8 md:grid-cols-[12rem_minmax(0,1fr)] md:py-12">
        <div className="grid gap-4 md:sticky md:top-14 md:-my-12 md:block md:max-h-[calc(100dvh-3.5rem)] md:self-start md:overflow-y-auto md:py-12">
          <Guides current={name} />
          <GuideContents name={name} />
        </div>
        <main className="min-w-0 pb-24">
          <Guide name={name} />
        </main>
      </div>
    </div>
  );
}

function Guides({ current }: { current: string }) {
  const { data } = useQuery(helpListQuery);
  return (
    <nav aria-label="Guides">
      <h2 className="mb-2 px-3 text-xs font-medium text-faint max-md:hidden">Guides</h2>
      <ul className="flex gap-1 max-md:-mx-2 max-md:flex-wrap md:flex-col">
        {data?.items.map(({ name, title }) => (
          <li key={name}>
            <Link
              to="/help/{-$name}"
              params={{ name }}
              aria-current={name === current ? "page" : undefined}
              className={cx(
                "block rounded-lg px-3 py-1.5 text-sm",
                name === current
                  ? "bg-selected font-medium"
                  : "text-soft hover:bg-hover hover:text-ink",
              )}
            >
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Guide({ name }: { name: string }) {
  const { data, error, refetch } = useQuery(helpPageQuery(name));
  if (data)
    return (
      <LazyMarkdown
        text={data.content}
        resolveLink={resolveLink}
        anchors
        // Lines as long as one reads well; tables may have all the room.
        className="[&>.block>:not(.table-scroll)]:max-w-2xl"
      />
    );
  if (!error) return <GuideSkeleton />;
  if (isStatus(error, 404)) {
    return (
      <>
        <h1 className="text-2xl font-semibold tracking-[-0.025em]">No such guide</h1>
        <p className="mt-2 text-soft">Choose one of the guides in the list.</p>
      </>
    );
  }
  return (
    <Notice tone="danger" actions={<Button onClick={() => void refetch()}>Try again</Button>}>
      <ErrorText error={error} />
    </Notice>
  );
}

function GuideSkeleton() {
  return (
    <div className="grid max-w-2xl gap-3" role="status" aria-label="Loading">
      <Skeleton className="mb-4 h-8 w-64" />
      <Skeleton className="h-4 w-full" />
      <Skeleton className="h-4 w-11/12" />
      <Skeleton className="h-4 w-4/5" />
    </div>
  );
}
