/** How names that are stored in one way are shown. */

/** User names and roles are stored in lower case. */
export function capitalised(name: string): string {
  return name.charAt(0).toLocaleUpperCase() + name.slice(1);
}

/** A chat without a message has no title yet. */
export function shownTitle(title: string): string {
  return title === "" ? "New chat" : title;
}
