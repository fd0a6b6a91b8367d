import { common } from "lowlight";

/** What is looked at of the library's grammars, whose types are not ours to import. */
type Mode = {
  className?: string;
  begin?: RegExp | string;
  contains?: (Mode | "self")[];
  starts?: Mode;
};
type Grammar = (typeof common)[string];

/** The words alone; not the "on" in "online", or in "on-failure". */
const literal = /(?<![\w-])(?:on|off|true|false|yes|no)(?![\w-])/;

/** The library's grammar of INI finds its literals in the middle of words too. */
export const ini = ((library: never) => {
  const grammar = (common.ini as (library: never) => Mode)(library);
  mend(grammar, new Set());
  return grammar;
}) as unknown as Grammar;

function mend(mode: Mode, seen: Set<Mode>): void {
  if (seen.has(mode)) return;
  seen.add(mode);
  if (mode.className === "literal") mode.begin = literal;
  for (const inner of mode.contains ?? []) if (inner !== "self") mend(inner, seen);
  if (mode.starts) mend(mode.starts, seen);
}
