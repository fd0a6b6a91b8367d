import { ApiError, errorText } from "@/api/problem";
import { inSeconds, useSecondsLeft } from "@/lib/seconds-left";

/** What went wrong, in words; where the server said how long to wait, how much of that is left. */
export function ErrorText({ error }: { error: unknown }) {
  if (error instanceof ApiError && error.isLimit && error.retryAt !== null)
    return <Countdown error={error} until={error.retryAt} />;
  return errorText(error);
}

/** Read out once, not every second. */
function Countdown({ error, until }: { error: Error; until: number }) {
  const left = useSecondsLeft(until);
  return (
    <>
      <span className="sr-only">{errorText(error)}</span>
      <span aria-hidden="true" className="tabular-nums">
        {left === 0
          ? "You can try again now."
          : `Too many requests. Try again in ${inSeconds(left)}.`}
      </span>
    </>
  );
}
