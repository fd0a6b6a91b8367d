/** localStorage that may be forbidden or full: then the page works on, it only remembers less. */
const prefix = "webplus.";

export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(prefix + key);
  } catch {
    return null;
  }
}

/** Whether it is kept. */
export function writeStored(key: string, value: string): boolean {
  try {
    localStorage.setItem(prefix + key, value);
    return true;
  } catch {
    return false;
  }
}

export function removeStored(key: string): void {
  try {
    localStorage.removeItem(prefix + key);
  } catch {
    // Nothing to do: see above.
  }
}

export function removeStoredUnder(keyPrefix: string): void {
  try {
    Object.keys(localStorage)
      .filter((key) => key.startsWith(prefix + keyPrefix))
      .forEach((key) => localStorage.removeItem(key));
  } catch {
    // Nothing to do: see above.
  }
}

/** Tells what another tab wrote under a prefix, by the rest of its key; null: it removed it. */
export function onStoredElsewhere(
  keyPrefix: string,
  listener: (rest: string, value: string | null) => void,
): void {
  const start = prefix + keyPrefix;
  globalThis.addEventListener("storage", ({ key, newValue }) => {
    if (key?.startsWith(start) === true) listener(key.slice(start.length), newValue);
  });
}
