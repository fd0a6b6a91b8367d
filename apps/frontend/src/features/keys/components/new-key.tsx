import type { ApiKeyMade } from "@/api/types";
import { Button } from "@/components/ui/button";
import { CopyField } from "@/components/ui/copy-field";
import { Dialog } from "@/components/ui/dialog";
import { Notice } from "@/components/ui/notice";

type NewKeyProps = { made: ApiKeyMade; onClose: () => void };

/** Closed by its button alone: a click beside it must not lose the key. */
export function NewKey({ made, onClose }: NewKeyProps) {
  return (
    <Dialog
      label="Your new key"
      onClose={() => undefined}
      className="w-[min(calc(100vw-2rem),34rem)]"
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-5 p-5 sm:p-6">
        <div>
          <h2 className="text-lg font-semibold tracking-[-0.015em]">Your new key</h2>
          <p className="mt-1.5 text-sm text-soft">“{made.name}” is ready to be used.</p>
        </div>
        <CopyField label="API key" value={made.key} />
        <Notice tone="warning">
          Copy it now, to a safe place. It is not stored in readable form and cannot be shown again.
        </Notice>
        <div className="min-w-0">
          <p className="mb-1.5 text-sm font-medium">Try it</p>
          <pre
            tabIndex={0}
            role="region"
            aria-label="Example"
            className="overflow-x-auto rounded-xl border border-line bg-panel px-3.5 py-3 font-mono text-xs leading-relaxed"
          >
            {`curl -H "Authorization: Bearer $WEBPLUS_KEY" \\\n  ${location.origin}/api/v1/models`}
          </pre>
        </div>
      </div>
      <div className="flex justify-end border-t border-line px-5 py-3.5 sm:px-6">
        <Button onClick={onClose}>I have stored it</Button>
      </div>
    </Dialog>
  );
}
