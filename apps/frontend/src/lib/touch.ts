/** A screen that is touched and nothing else: a field in focus opens the keyboard over the page. */
export const touchOnly = matchMedia("(hover: none) and (pointer: coarse)");
