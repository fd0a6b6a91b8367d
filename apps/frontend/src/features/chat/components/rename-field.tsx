import { useEffect, useRef, useState } from "react";

const longestTitle = 200;

type RenameFieldProps = {
  title: string;
  /** The new title, or null when it is to stay; and whether the focus was left to be given on. */
  onDone: (title: string | null, focusIsFree: boolean) => void;
};

export function RenameField({ title, onDone }: RenameFieldProps) {
  const [value, setValue] = useState(title);
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);

  useEffect(() => {
    // After the menu that opened this has closed and let go of the focus.
    const frame = requestAnimationFrame(() => input.current?.select());
    return () => cancelAnimationFrame(frame);
  }, []);

  function finish(keep: boolean, byKey: boolean) {
    if (done.current) return;
    done.current = true;
    const trimmed = value.trim();
    onDone(keep && trimmed !== "" ? trimmed : null, byKey);
  }

  return (
    <input
      ref={input}
      data-editing
      dir="auto"
      aria-label="Title of the chat"
      maxLength={longestTitle}
      value={value}
      onChange={(event) => setValue(event.target.value)}
      onBlur={() => finish(true, false)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter") finish(true, true);
        if (event.key === "Escape") finish(false, true);
      }}
      className="h-9 w-full rounded-[10px] border border-accent bg-raised px-2.5 text-[16px] outline-none sm:text-sm"
    />
  );
}
