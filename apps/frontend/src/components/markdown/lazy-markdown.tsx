import { useEffect, useState } from "react";
import { cx } from "@/lib/cx";
import type { MarkdownProps } from "./markdown";

type Renderer = typeof import("./markdown");

let loaded: Renderer | null = null;

async function load(): Promise<Renderer> {
  loaded = await import("./markdown");
  return loaded;
}

/** Fetches the renderer before the first answer needs it. Never fails: there is a fallback. */
export async function preloadMarkdown(): Promise<void> {
  await load().catch(() => undefined);
}

function useRenderer(): Renderer | null {
  const [renderer, setRenderer] = useState(loaded);
  useEffect(() => {
    if (renderer !== null) return;
    let current = true;
    load().then(
      (module) => current && setRenderer(module),
      // Offline, or the server was upgraded: the text stays readable, and the next one tries again.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [renderer]);
  return renderer;
}

/** Until the renderer is there, or where it cannot be had, the text as it is. */
export function LazyMarkdown(props: MarkdownProps) {
  const renderer = useRenderer();
  if (renderer !== null) return <renderer.Markdown {...props} />;
  return <div className={cx("prose whitespace-pre-wrap", props.className)}>{props.text}</div>;
}
