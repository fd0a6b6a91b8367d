import type { ReactNode } from "react";
import { Logo } from "@/components/ui/logo";

type AuthLayoutProps = { title: string; lead: string; children?: ReactNode; footer?: ReactNode };

export function AuthLayout({ title, lead, children, footer }: AuthLayoutProps) {
  return (
    <div className="relative isolate grid min-h-dvh place-items-center overflow-hidden px-5 py-10 max-sm:items-start max-sm:pt-16">
      <div className="plus-field absolute inset-0 -z-10" aria-hidden="true" />
      <main className="motion-rise w-full max-w-[25rem]">
        <Logo className="mb-9" />
        <h1 className="text-2xl font-semibold tracking-[-0.025em]">{title}</h1>
        <p className="mt-2 text-pretty text-soft">{lead}</p>
        {children !== undefined && <div className="mt-8">{children}</div>}
        {footer !== undefined && <div className="mt-8 text-sm text-faint">{footer}</div>}
      </main>
    </div>
  );
}
