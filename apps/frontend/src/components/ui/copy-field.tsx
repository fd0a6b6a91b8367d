import { Check, Copy } from "lucide-react";
import { useCopy } from "@/lib/use-copy";
import { Button } from "./button";

/** A text that is there to be taken along: a key, a link. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const { copied, copy } = useCopy(value);
  const Icon = copied ? Check : Copy;
  return (
    <div className="flex items-center gap-2">
      <input
        readOnly
        aria-label={label}
        value={value}
        onFocus={({ target }) => target.select()}
        className="h-11 min-w-0 flex-1 truncate rounded-xl border border-line-strong bg-panel px-3.5 font-mono text-sm"
      />
      <Button variant="primary" className="h-11" onClick={copy}>
        <Icon className="size-4" aria-hidden="true" />
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
