import { ChevronLeft, ChevronRight } from "lucide-react";
import { IconButton } from "@/components/ui/icon-button";
import { announce } from "@/lib/announcer";
import { useStore } from "@/lib/store";
import type { Place } from "../lib/forks";
import { pendingIn, showBranch } from "../lib/message-actions";

type BranchSwitchProps = { conversationId: string; place: Place };

const steps = { previous: -1, next: 1 } as const;
type Step = keyof typeof steps;

/** "2/3": which version of a message is shown, and the ways to those beside it. */
export function BranchSwitch({ conversationId, place: { ids, index } }: BranchSwitchProps) {
  const pending = useStore(pendingIn(conversationId));
  const go = (step: Step) => {
    const target = ids[index + steps[step]];
    if (target === undefined) return;
    void showBranch(conversationId, target).then((isShown) => {
      if (!isShown) return;
      announce(`Version ${index + steps[step] + 1} of ${ids.length}`);
      focusStep(target, step);
    });
  };
  const button = (step: Step, label: string, Icon: typeof ChevronLeft) => (
    <IconButton
      label={label}
      size="small"
      data-step={step}
      aria-disabled={ids[index + steps[step]] === undefined || pending !== null}
      icon={<Icon className="size-4" aria-hidden="true" />}
      className="aria-disabled:opacity-45"
      onClick={() => pending === null && go(step)}
    />
  );
  return (
    <div
      role="group"
      aria-label="Versions"
      data-version={ids[index]}
      className="flex items-center text-xs text-faint tabular-nums"
    >
      {button("previous", "Previous version", ChevronLeft)}
      <span aria-label={`Version ${index + 1} of ${ids.length}`} role="img">
        {index + 1}/{ids.length}
      </span>
      {button("next", "Next version", ChevronRight)}
    </div>
  );
}

/** The row that was left is gone, and the focus with it: it goes on in the row that came. */
function focusStep(messageId: string, step: Step, frames = 30): void {
  const button = document.querySelector<HTMLElement>(
    `[data-version="${messageId}"] [data-step=${step}]`,
  );
  if (button !== null) button.focus({ preventScroll: true });
  else if (frames > 0) requestAnimationFrame(() => focusStep(messageId, step, frames - 1));
}
