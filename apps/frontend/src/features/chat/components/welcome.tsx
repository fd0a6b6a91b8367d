import { BookOpen, Boxes, KeyRound, ServerCog } from "lucide-react";
import { useMay } from "@/api/rights";
import { preloadMarkdown } from "@/components/markdown/lazy-markdown";
import { LogoMark } from "@/components/ui/logo";
import { cx } from "@/lib/cx";
import { capitalised } from "@/lib/words";

const examples = [
  {
    icon: BookOpen,
    title: "Show me around",
    prompt: "What can I do with Web+, and where do I begin?",
  },
  {
    icon: Boxes,
    title: "Connect a model",
    prompt: "How do I connect an OpenAI-compatible server or Ollama?",
  },
  {
    icon: ServerCog,
    title: "Run it well",
    prompt: "Which settings should I know before I run Web+ for a team?",
  },
  {
    icon: KeyRound,
    title: "Keep it safe",
    prompt: "How does Web+ protect passwords, sessions and stored chats?",
  },
];

export function isExample(text: string): boolean {
  return examples.some(({ prompt }) => prompt === text);
}

function greeting(hour: number): string {
  if (hour < 5) return "Good night";
  if (hour < 12) return "Good morning";
  if (hour < 18) return "Good afternoon";
  return "Good evening";
}

type WelcomeProps = { name: string; onPick: (prompt: string) => void };

export function Welcome({ name, onPick }: WelcomeProps) {
  const mayWrite = useMay("chat:write");
  return (
    <div className="relative isolate flex min-h-0 flex-1 flex-col overflow-y-auto">
      <div className="plus-field absolute inset-0 -z-10" aria-hidden="true" />
      <div className="m-auto w-full max-w-[46rem] px-4 py-8 sm:px-6">
        <LogoMark className="motion-rise size-12" />
        <h1 className="motion-rise mt-6 text-3xl font-medium tracking-[-0.028em] text-balance">
          {greeting(new Date().getHours())}, {capitalised(name)}.
          <span className="block text-faint">
            {mayWrite ? "What shall we work on?" : "What would you like to read?"}
          </span>
        </h1>
        {mayWrite && <Examples onPick={onPick} />}
      </div>
    </div>
  );
}

function Examples({ onPick }: Pick<WelcomeProps, "onPick">) {
  return (
    <ul className="mt-9 grid gap-2.5 sm:grid-cols-2">
      {examples.map(({ icon: Icon, title, prompt }, index) => (
        <li key={title} className={cx("motion-rise", index > 0 && `stagger-${index}`)}>
          <button
            type="button"
            onClick={() => onPick(prompt)}
            onPointerEnter={() => void preloadMarkdown()}
            className="group flex h-full w-full items-start gap-3.5 rounded-2xl border border-line bg-raised p-4 text-left transition-colors duration-150 hover:border-accent"
          >
            <span className="grid size-9 shrink-0 place-items-center rounded-xl bg-accent-wash text-accent">
              <Icon className="size-4.5" aria-hidden="true" />
            </span>
            <span>
              <span className="block text-sm font-semibold">{title}</span>
              <span className="mt-0.5 block text-sm text-pretty text-soft">{prompt}</span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
