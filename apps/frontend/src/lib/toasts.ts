import { createStore } from "./store";

export type Toast = {
  id: number;
  text: string;
  tone: "plain" | "danger";
  action?: { label: string; run: () => void };
};

export const toasts = createStore<readonly Toast[]>([]);

let lastId = 0;
const mostShown = 3;

export function showToast(toast: Omit<Toast, "id" | "tone"> & { tone?: Toast["tone"] }): void {
  lastId += 1;
  const complete: Toast = { tone: "plain", ...toast, id: lastId };
  toasts.set([...toasts.get(), complete].slice(-mostShown));
}

export function dismissToast(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}
