import { Keys } from "@/components/ui/keys";
import type { Command } from "./commands";

export function CommandLine({ command }: { command: Command }) {
  const Icon = command.icon;
  return (
    <>
      <Icon className="size-4 shrink-0 text-faint" aria-hidden="true" />
      <span className="min-w-0 flex-1 truncate">{command.label}</span>
      {command.shortcut !== undefined && <Keys combo={command.shortcut} className="text-faint" />}
    </>
  );
}
