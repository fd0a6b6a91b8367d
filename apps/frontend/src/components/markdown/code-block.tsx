import { Download, WrapText } from "lucide-react";
import { useState } from "react";
import { CopyIcon } from "@/components/ui/copy-icon";
import { saveFile } from "@/lib/save-file";
import { useCopy } from "@/lib/use-copy";
import { fileName } from "./file-name";
import { useHighlight } from "./use-highlight";

/** From so many lines on one speaks of them by their numbers. */
const numberedFrom = 10;

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
        <span className="min-w-0 flex-1 truncate font-medium tracking-wide">
          {language || "text"}
        </span>
        <BarButton pressed={wrapped} onClick={() => setWrapped(!wrapped)}>
          <WrapText className="size-3.5" aria-hidden="true" />
          Wrap
        </BarButton>
        <BarButton onClick={() => saveFile(new Blob([`${code}\n`]), fileName(code, language))}>
          <Download className="size-3.5" aria-hidden="true" />
          <span className="max-sm:sr-only">Download</span>
          <span className="sr-only"> code</span>
        </BarButton>
        <CopyCode code={code} />
      </figcaption>
      <pre tabIndex={0}>
        {!wrapped && <LineNumbers code={code} />}
        <code>{content}</code>
      </pre>
    </figure>
  );
}

/** No text of the page: they are neither selected, nor copied, nor found, nor read out. */
function LineNumbers({ code }: { code: string }) {
  const count = code.split("\n").length;
  if (count < numberedFrom) return null;
  const numbers = Array.from({ length: count }, (_, index) => index + 1).join("\n");
  return <span aria-hidden="true" className="line-numbers" data-numbers={numbers} />;
}

function CopyCode({ code }: { code: string }) {
  const { copied, copy } = useCopy(code);
  return (
    <BarButton onClick={copy}>
      <CopyIcon copied={copied} className="size-3.5" />
      {copied ? "Copied" : "Copy"}
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
