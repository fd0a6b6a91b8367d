import { lazy, Suspense } from "react";
import { cx } from "@/lib/cx";
import type { MarkdownProps } from "./markdown";

const load = () => import("./markdown");
const Rendered = lazy(() => load().then(({ Markdown }) => ({ default: Markdown })));

/** Fetches the renderer before the first answer needs it. Never fails: there is a fallback. */
export async function preloadMarkdown(): Promise<void> {
  await load().catch(() => undefined);
}

/** Until the renderer is there, the text as it is. */
export function LazyMarkdown(props: MarkdownProps) {
  return (
    <Suspense
      fallback={
        <div className={cx("prose whitespace-pre-wrap", props.className)}>{props.text}</div>
      }
    >
      <Rendered {...props} />
    </Suspense>
  );
}
