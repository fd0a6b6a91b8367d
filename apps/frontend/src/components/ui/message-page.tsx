import type { ReactNode } from "react";
import { LogoMark } from "./logo";

type MessagePageProps = { title: string; children: ReactNode; actions?: ReactNode };

/** A view that has one thing to say: not found, failed, unreachable. */
export function MessagePage({ title, children, actions }: MessagePageProps) {
  return (
    <div className="relative isolate grid h-full min-h-80 place-items-center overflow-hidden p-6">
      <div className="plus-field absolute inset-0 -z-10" aria-hidden="true" />
      <div className="motion-rise max-w-sm text-center">
        <LogoMark className="mx-auto mb-6 size-11" />
        <h1 className="text-xl font-semibold tracking-[-0.02em]">{title}</h1>
        <div className="mt-2 text-pretty text-soft">{children}</div>
        {actions !== undefined && <div className="mt-6 flex justify-center gap-2">{actions}</div>}
      </div>
    </div>
  );
}
