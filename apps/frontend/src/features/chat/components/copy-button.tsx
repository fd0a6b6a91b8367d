import { CopyIcon } from "@/components/ui/copy-icon";
import { IconButton } from "@/components/ui/icon-button";
import { useCopy } from "@/lib/use-copy";

export function CopyButton({ text, label }: { text: string; label: string }) {
  const { copied, copy } = useCopy(text);
  return (
    <IconButton label={label} size="small" icon={<CopyIcon copied={copied} />} onClick={copy} />
  );
}
