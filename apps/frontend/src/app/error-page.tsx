import { useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";
import { ApiError, errorText } from "@/api/problem";
import { Button } from "@/components/ui/button";
import { MessagePage } from "@/components/ui/message-page";

const retryEveryMs = 3_000;

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const away = error instanceof ApiError && (error.isUnreachable || error.status >= 502);
  const retry = () => {
    reset();
    void router.invalidate();
  };
  useRetry(away, retry);
  return (
    <main className="h-full">
      <MessagePage
        title={away ? "The server cannot be reached" : "Something went wrong"}
        actions={
          <Button variant="primary" onClick={away ? retry : () => location.assign("/")}>
            {away ? "Try again" : "Start over"}
          </Button>
        }
      >
        {away ? "This page goes on by itself as soon as the server is back." : errorText(error)}
      </MessagePage>
    </main>
  );
}

function useRetry(wanted: boolean, retry: () => void): void {
  const onTick = useEffectEvent(retry);
  useEffect(() => {
    if (!wanted) return;
    const timer = setInterval(() => onTick(), retryEveryMs);
    return () => clearInterval(timer);
  }, [wanted]);
}
