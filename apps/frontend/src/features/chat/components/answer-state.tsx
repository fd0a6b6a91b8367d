import { Link } from "@tanstack/react-router";
import { Play, RotateCcw } from "lucide-react";
import { useMay } from "@/api/rights";
import type { Message } from "@/api/types";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import { useStore } from "@/lib/store";
import { focusComposer } from "../lib/focus-composer";
import { isTriedAgain, type Lack } from "../lib/lack";
import { continueAnswer, pendingIn, regenerateAnswer } from "../lib/message-actions";
import { explain } from "../lib/message-errors";

type AnswerStateProps = { message: Message; lack: Lack; isLast: boolean };

/** What an answer lacks, and the ways on. Only the last answer can still be mended. */
export function AnswerState({ message, lack, isLast }: AnswerStateProps) {
  const mayWrite = useMay("chat:write");
  const mend = mayWrite && isLast && <Mend message={message} lack={lack} />;
  if (lack === "failed") {
    const { title, advice, section } = explain(message.error?.code);
    return (
      <Notice tone="danger" title={title} actions={mend} className="mt-4">
        {advice}
        {section !== undefined && <Guide section={section} />}
        {Boolean(message.error?.detail) && <Detail text={message.error?.detail ?? ""} />}
      </Notice>
    );
  }
  return (
    <Notice tone={lack === "stopped" ? "plain" : "warning"} actions={mend} className="mt-4">
      {sentences[lack]}
    </Notice>
  );
}

const sentences: Record<Exclude<Lack, "failed">, string> = {
  words: "The model answered with nothing.",
  stopped: "You stopped this answer here.",
  interrupted: "The server was interrupted while it wrote this. Everything up to here is kept.",
};

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

function Mend({ message, lack }: { message: Message; lack: Lack }) {
  const pending = useStore(pendingIn(message.conversation_id));
  const mend = (act: typeof continueAnswer) => () => {
    focusComposer();
    void act(message);
  };
  const canContinue = lack === "failed" ? message.content !== "" : lack !== "words";
  return (
    <>
      {canContinue && (
        <Button
          size="small"
          busy={pending === "continue"}
          disabled={pending !== null}
          onClick={mend(continueAnswer)}
        >
          <Play className="size-3.5" aria-hidden="true" />
          Continue
        </Button>
      )}
      {isTriedAgain(lack) && (
        <Button
          size="small"
          busy={pending === "regenerate"}
          disabled={pending !== null}
          onClick={mend(regenerateAnswer)}
        >
          <RotateCcw className="size-3.5" aria-hidden="true" />
          Try again
        </Button>
      )}
    </>
  );
}
