import { useState, type KeyboardEvent } from "react";

export type Options = {
  /** Which of them Enter chooses; -1 when there is none. */
  active: number;
  setActive: (index: number) => void;
  onKeyDown: (event: KeyboardEvent) => void;
};

const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

/** The keyboard of a list whose focus stays in its field: the arrows go round, Enter chooses. */
export function useOptions(
  count: number,
  choose: (index: number) => void,
  first: () => number = () => 0,
): Options {
  const [wanted, setActive] = useState(first);
  const active = Math.min(wanted, count - 1);
  function onKeyDown(event: KeyboardEvent) {
    const step = steps[event.key];
    if (step !== undefined && count > 0) {
      event.preventDefault();
      setActive((Math.max(active, 0) + step + count) % count);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      if (active >= 0) choose(active);
    }
  }
  return { active, setActive, onKeyDown };
}
