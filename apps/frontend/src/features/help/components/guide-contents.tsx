import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { helpPageQuery } from "../api";
import { headingsOf } from "../lib/headings";

/** The sections of a guide: beside it where there is room, to be unfolded above it where there is not. */
export function GuideContents({ name }: { name: string }) {
  const { data } = useQuery(helpPageQuery(name));
  const headings = data ? headingsOf(data.content) : [];
  if (headings.length === 0) return null;
  const links = (
    <ul className="grid gap-0.5">
      {headings.map(({ anchor, text }) => (
        <li key={anchor}>
          <Link
            to="/help/{-$name}"
            params={{ name }}
            hash={anchor}
            className="block rounded-lg px-3 py-1.5 text-sm text-soft hover:bg-hover hover:text-ink pointer-coarse:py-2.5"
          >
            {text}
          </Link>
        </li>
      ))}
    </ul>
  );
  return (
    <nav aria-label="Contents">
      <div className="max-md:hidden">
        <h2 className="mt-6 mb-2 px-3 text-xs font-medium text-faint">In this guide</h2>
        {links}
      </div>
      <details className="rounded-xl border border-line md:hidden">
        <summary className="cursor-pointer rounded-xl px-4 py-3 text-sm font-medium">
          In this guide
        </summary>
        <div className="px-1 pb-2">{links}</div>
      </details>
    </nav>
  );
}
