import { Button } from "@/components/ui/button";
import { Spinner } from "@/components/ui/spinner";

type OlderStateProps = { failed: boolean; onRetry: () => void };

/** Above the messages, while older ones come or after they did not. */
export function OlderState({ failed, onRetry }: OlderStateProps) {
  return (
    <div className="absolute inset-x-0 top-2 z-10 grid place-items-center" role="status">
      {failed ? (
        <Button size="small" onClick={onRetry}>
          Older messages could not be fetched. Try again
        </Button>
      ) : (
        <>
          <span className="sr-only">Loading older messages</span>
          <Spinner className="size-5 text-faint" />
        </>
      )}
    </div>
  );
}
