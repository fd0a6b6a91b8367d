/** Loaded only when a page shows code: the grammars are the heaviest part of the front end. */
import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import { common, createLowlight } from "lowlight";
import type { ReactNode } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";
import { ini } from "./ini-grammar";

const lowlight = createLowlight({ ...common, ini });

/** Coloured code as React elements; null for a language without a grammar. */
export function highlight(code: string, language: string): ReactNode | null {
  if (!lowlight.registered(language)) return null;
  return toJsxRuntime(lowlight.highlight(language, code), { Fragment, jsx, jsxs }) as ReactNode;
}
