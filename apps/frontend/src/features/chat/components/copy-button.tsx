import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "@/components/ui/icon-button";
import { announce } from "@/lib/announcer";
import { copyText } from "@/lib/clipboard";

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_600);
    return () => clearTimeout(timer);
  }, [copied]);

  async function copy() {
    const done = await copyText(text);
    setCopied(done);
    announce(done ? "Copied" : "Copying was not possible");
  }

  const Icon = copied ? Check : Copy;
  return (
    <IconButton
      label={label}
      size="small"
      icon={<Icon className={copied ? "size-4 text-positive" : "size-4"} aria-hidden="true" />}
      onClick={() => void copy()}
    />
  );
}
