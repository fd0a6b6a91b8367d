import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useId, useState, type KeyboardEvent } from "react";
import { cx } from "@/lib/cx";
import { peopleQuery } from "../api";
import type { Person } from "./audit-filters";

const popup =
  "absolute top-full left-0 z-20 mt-1.5 w-60 rounded-xl border border-line bg-raised p-1.5 text-sm shadow-float";

/** A field that offers whose names begin with what is typed. */
export function PersonFilter({ onChosen }: { onChosen: (person: Person) => void }) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const [open, setOpen] = useState(false);
  const listId = useId();
  const { data } = useQuery(peopleQuery(useDeferredValue(text.trim().toLowerCase())));
  const found = open && text.trim() !== "" ? data : undefined;
  const shown = found ?? [];
  const optionId = (index: number) => `${listId}-${index}`;

  function choose(index: number) {
    const user = shown[index];
    if (user === undefined) return;
    setText("");
    onChosen({ id: user.id, name: user.username });
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && shown.length > 0) {
      event.preventDefault();
      setActive((active + step + shown.length) % shown.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      setOpen(true);
      choose(active);
    } else if (event.key === "Escape") setOpen(false);
  }

  return (
    <div className="relative max-sm:w-full">
      <input
        role="combobox"
        aria-label="By whom"
        aria-expanded={shown.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={shown.length > 0 ? optionId(active) : undefined}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        placeholder="By anybody"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
          setOpen(true);
        }}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
        className="h-9 w-full rounded-[10px] border border-line-strong bg-raised px-3 text-[16px] placeholder:text-soft hover:border-faint sm:w-44 sm:text-sm"
      />
      <div
        id={listId}
        role="listbox"
        aria-label="People"
        hidden={shown.length === 0}
        className={cx("motion-pop", popup)}
      >
        {shown.map((user, index) => (
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the combobox handles the keys
          <div
            key={user.id}
            id={optionId(index)}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            // Before the field loses the focus, which closes the list.
            onMouseDown={(event) => event.preventDefault()}
            onPointerMove={() => setActive(index)}
            onClick={() => choose(index)}
            className={cx("truncate rounded-lg px-2.5 py-2", index === active && "bg-hover")}
          >
            {user.username}
          </div>
        ))}
      </div>
      <p role="status" className={cx(popup, "text-soft empty:hidden")}>
        {found?.length === 0 ? (
          <span className="block px-2.5 py-2">Nobody of that name</span>
        ) : null}
      </p>
    </div>
  );
}
