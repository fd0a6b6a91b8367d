/** How names that are stored in one way are shown. */

/** User names and roles are stored in lower case. */
export function capitalised(name: string): string {
  return name.charAt(0).toLocaleUpperCase() + name.slice(1);
}

/** A chat without a message has no title yet. */
export function shownTitle(title: string): string {
  return title === "" ? "New chat" : title;
}

/** A piece of Markdown on one line, without most of its signs. Those that may mean themselves stay. */
export function withoutSigns(text: string): string {
  return text
    .replace(/\*\*|~~|`+/g, "")
    .replace(/(^|\s)#{1,6}\s/g, "$1")
    .replace(/\|(?:\s*:?-+:?\s*\|)+/g, " ")
    .replace(/\s{2,}/g, " ");
}
