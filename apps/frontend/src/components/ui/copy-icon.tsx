import { Check, Copy } from "lucide-react";

type CopyIconProps = { copied: boolean; className?: string };

export function CopyIcon({ copied, className = "size-4" }: CopyIconProps) {
  return copied ? (
    <Check className={`${className} text-positive`} aria-hidden="true" />
  ) : (
    <Copy className={className} aria-hidden="true" />
  );
}
