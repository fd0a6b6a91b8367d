import { useSyncExternalStore } from "react";

/** A value that lives outside React and tells who listens when it is replaced. */
export type Store<T> = {
  get: () => T;
  set: (value: T) => void;
  subscribe: (listener: () => void) => () => void;
};

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** One for each key, made by whoever asks for it first. */
export function createStores<T>(initial: T): (key: string) => Store<T> {
  const stores = new Map<string, Store<T>>();
  return (key) => {
    const known = stores.get(key) ?? createStore(initial);
    stores.set(key, known);
    return known;
  };
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
