import { useEffect } from "react";
import { createStore, useStore } from "./store";

/** Stands before every title, for whoever looks at the tab and not at the page. */
export const titleMark = createStore("");

export function useTitle(title: string): void {
  const mark = useStore(titleMark);
  useEffect(() => {
    document.title = `${mark}${title === "" ? "Web+" : `${title} · Web+`}`;
  }, [mark, title]);
}
