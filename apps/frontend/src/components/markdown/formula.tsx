import { useEffect, useMemo, useState } from "react";
import { isDisplay, withSigns, type Written } from "./math-signs";

type Renderer = typeof import("./math");

let loaded: Renderer | null = null;
/** So long that it may be wider than a phone. */
const longFrom = 28;

function useRenderer(): Renderer | null {
  const [renderer, setRenderer] = useState(loaded);
  useEffect(() => {
    if (renderer !== null) return;
    let current = true;
    import("./math").then(
      (module) => {
        loaded = module;
        if (current) setRenderer(module);
      },
      // Offline, or the server was upgraded: the source says it too.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [renderer]);
  return renderer;
}

/** A block of code that is all maths has no signs around it. */
type FormulaProps = { source: string; written?: Written | undefined };

/** One that cannot be read, or not yet, is shown as its source. */
export function Formula({ source, written }: FormulaProps) {
  const display = written === undefined || isDisplay(written);
  const renderer = useRenderer();
  const math = useMemo(
    () => renderer?.renderMath(source, display) ?? null,
    [renderer, source, display],
  );
  if (math === null)
    return <code>{written === undefined ? source : withSigns(source, written)}</code>;
  if (!display) {
    return (
      <span className="formula" data-long={source.length >= longFrom}>
        {math}
      </span>
    );
  }
  return (
    <span className="formula-block" role="group" aria-label="Formula" tabIndex={0}>
      {math}
    </span>
  );
}
