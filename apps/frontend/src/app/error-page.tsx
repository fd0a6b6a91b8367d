import { useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";
import { ApiError } from "@/api/problem";
import { ErrorText } from "@/components/ui/error-text";
import { Button } from "@/components/ui/button";
import { MessagePage } from "@/components/ui/message-page";

const retryEveryMs = 3_000;

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const away = error instanceof ApiError && (error.isUnreachable || error.status >= 502);
  const limited = error instanceof ApiError && error.isLimit;
  const retry = () => {
    reset();
    void router.invalidate();
  };
  useRetry(away, retry);
  return (
    <main className="h-full">
      <MessagePage
        title={titleOf(away, limited)}
        actions={
          <Button variant="primary" onClick={away || limited ? retry : () => location.assign("/")}>
            {away || limited ? "Try again" : "Start over"}
          </Button>
        }
      >
        {away ? (
          "This page goes on by itself as soon as the server is back."
        ) : (
          <ErrorText error={error} />
        )}
      </MessagePage>
    </main>
  );
}

function titleOf(away: boolean, limited: boolean): string {
  if (away) return "The server cannot be reached";
  return limited ? "That was too much at once" : "Something went wrong";
}

function useRetry(wanted: boolean, retry: () => void): void {
  const onTick = useEffectEvent(retry);
  useEffect(() => {
    if (!wanted) return;
    const timer = setInterval(() => onTick(), retryEveryMs);
    return () => clearInterval(timer);
  }, [wanted]);
}
