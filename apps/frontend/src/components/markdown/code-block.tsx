import { Check, Copy, WrapText } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/clipboard";
import { cx } from "@/lib/cx";
import { useHighlight } from "./use-highlight";

export function CodeBlock({ code, language }: { code: string; language: string }) {
  const [wrapped, setWrapped] = useState(false);
  const content = useHighlight(code, language);
  return (
    <figure
      className="code-block"
      data-wrap={wrapped}
      aria-label={`Code${language && `: ${language}`}`}
    >
      <figcaption className="flex h-9 items-center gap-1 bg-(--code-bar) pr-1 pl-4 font-sans text-xs text-soft">
        <span className="flex-1 font-medium tracking-wide">{language || "text"}</span>
        <BarButton pressed={wrapped} onClick={() => setWrapped(!wrapped)}>
          <WrapText className="size-3.5" aria-hidden="true" />
          Wrap
        </BarButton>
        <CopyCode code={code} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{content}</code>
      </pre>
    </figure>
  );
}

function CopyCode({ code }: { code: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_600);
    return () => clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? Check : Copy;
  return (
    <BarButton onClick={() => void copyText(code).then(setCopied)}>
      <Icon className={cx("size-3.5", copied && "text-positive")} aria-hidden="true" />
      <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
      <span className="sr-only"> code</span>
    </BarButton>
  );
}

type BarButtonProps = { pressed?: boolean; onClick: () => void; children: React.ReactNode };

function BarButton({ pressed, onClick, children }: BarButtonProps) {
  return (
    <button
      type="button"
      aria-pressed={pressed}
      onClick={onClick}
      className="inline-flex h-7 items-center gap-1.5 rounded-md px-2 transition-colors duration-150 hover:bg-hover hover:text-ink focus-visible:-outline-offset-1 aria-pressed:text-accent"
    >
      {children}
    </button>
  );
}
