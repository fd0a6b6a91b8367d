import { Link } from "@tanstack/react-router";
import { Play, RotateCcw } from "lucide-react";
import { useMay } from "@/api/rights";
import type { Message } from "@/api/types";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import { useStore } from "@/lib/store";
import { continueAnswer, pendingIn, regenerateAnswer } from "../lib/message-actions";
import { explain } from "../lib/message-errors";

/** Why an answer is not complete, and the ways on. Only the last answer can still be mended. */
export function AnswerState({ message, isLast }: { message: Message; isLast: boolean }) {
  const mayWrite = useMay("chat:write");
  if (message.status === "complete" || message.status === "streaming") return null;
  const mend = mayWrite && isLast && <Mend message={message} />;
  if (message.status === "failed") {
    const { title, advice, section } = explain(message.error?.code);
    return (
      <Notice tone="danger" title={title} actions={mend} className="mt-4">
        {advice}
        {section !== undefined && <Guide section={section} />}
        {Boolean(message.error?.detail) && <Detail text={message.error?.detail ?? ""} />}
      </Notice>
    );
  }
  const stopped = message.status === "stopped";
  return (
    <Notice tone={stopped ? "plain" : "warning"} actions={mend} className="mt-4">
      {stopped
        ? "You stopped this answer here."
        : "The server was interrupted while it wrote this. Everything up to here is kept."}
    </Notice>
  );
}

function Guide({ section }: { section: string }) {
  return (
    <>
      {" "}
      <Link
        to="/help/{-$name}"
        params={{ name: "configuration-guide" }}
        hash={section}
        className="font-medium underline underline-offset-4"
      >
        How it is set up
      </Link>
    </>
  );
}

function Detail({ text }: { text: string }) {
  return (
    <details className="mt-1.5">
      <summary className="cursor-pointer font-medium">Details</summary>
      <p className="mt-1 font-mono text-xs [overflow-wrap:anywhere]">{text}</p>
    </details>
  );
}

function Mend({ message }: { message: Message }) {
  const pending = useStore(pendingIn(message.conversation_id));
  const canContinue = message.status !== "failed" || message.content !== "";
  return (
    <>
      {canContinue && (
        <Button
          size="small"
          busy={pending === "continue"}
          disabled={pending !== null}
          onClick={() => void continueAnswer(message)}
        >
          <Play className="size-3.5" aria-hidden="true" />
          Continue
        </Button>
      )}
      {message.status === "failed" && (
        <Button
          size="small"
          busy={pending === "regenerate"}
          disabled={pending !== null}
          onClick={() => void regenerateAnswer(message)}
        >
          <RotateCcw className="size-3.5" aria-hidden="true" />
          Try again
        </Button>
      )}
    </>
  );
}
