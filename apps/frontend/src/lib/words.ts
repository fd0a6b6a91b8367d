/** How names that are stored in one way are shown. */

/** User names and roles are stored in lower case. */
export function capitalised(name: string): string {
  return name.charAt(0).toLocaleUpperCase() + name.slice(1);
}

/** A chat without a message has no title yet. One that was made of its first message may have Markdown in it. */
export function shownTitle(title: string): string {
  if (title === "") return "New chat";
  const shown = withoutSigns(title).trim();
  return shown === "" ? title : shown;
}

/** A piece of Markdown on one line, without most of its signs. Those that may mean themselves stay. */
export function withoutSigns(text: string): string {
  return withoutTable(text)
    .replace(/!?\[([^\][]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s[^()]*)?(?:\)|…?$)/g, "$1")
    .replace(/~~|`+/g, "")
    .replace(/(?<![\p{L}\p{N}])\*\*|\*\*(?![\p{L}\p{N}])/gu, keptBetweenSpaces)
    .replace(/(?<![\p{L}\p{N}*\\])\*(?![\s*])([^*\n]*[^\s*\\])\*(?![\p{L}\p{N}*])/gu, "$1")
    .replace(/(?<![\p{L}\p{N}_\\])_(?![\s_])([^_\n]*[^\s_\\])_(?![\p{L}\p{N}_])/gu, "$1")
    .replace(/(^|\n)\s*(?:#{1,6}|>)\s/g, "$1")
    .replace(/\s#{2,6}\s/g, " ")
    .replace(/\s{2,}/g, " ");
}

/** As in 2 ** 10. */
function keptBetweenSpaces(stars: string, at: number, text: string): string {
  return text[at - 1] === " " && text[at + stars.length] === " " ? stars : "";
}

/** Two bars with nothing between them, or a line of dashes, are a table's. */
function withoutTable(text: string): string {
  const whole = text.replace(/\|(?:\s*:?-+:?\s*\|)+/g, "|");
  if (whole === text && !/\|\s+\||^\s*\|.*\|\s*$/.test(text)) return text;
  return whole.replace(/^[\s|]+|[\s|]+$/g, "").replace(/\s*\|(?:\s*\|)*\s*/g, " · ");
}
