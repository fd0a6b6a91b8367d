import { useEffect, useState, useDeferredValue, useMemo, type ReactNode } from "react";

type Highlighter = typeof import("./highlighter");

/** Beyond this, colouring costs more than it gives. */
const longest = 60_000;
let loaded: Highlighter | null = null;

function useHighlighter(wanted: boolean): Highlighter | null {
  const [highlighter, setHighlighter] = useState(loaded);
  useEffect(() => {
    if (!wanted || highlighter !== null) return;
    let current = true;
    import("./highlighter").then(
      (module) => {
        loaded = module;
        if (current) setHighlighter(module);
      },
      // Offline, or the server was upgraded: the code stays readable without colours.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [wanted, highlighter]);
  return highlighter;
}

/** Deferred: while code streams in, colouring waits for whatever is more urgent. */
export function useHighlight(code: string, language: string): ReactNode {
  const highlighter = useHighlighter(language !== "" && code.length < longest);
  const deferred = useDeferredValue(code);
  const coloured = useMemo(
    () => (deferred.length < longest ? highlighter?.highlight(deferred, language) : null),
    [highlighter, deferred, language],
  );
  if (coloured === null || coloured === undefined) return code;
  return deferred === code || code.startsWith(deferred)
    ? [coloured, code.slice(deferred.length)]
    : code;
}
