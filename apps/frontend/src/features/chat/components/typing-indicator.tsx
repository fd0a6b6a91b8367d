export function TypingIndicator() {
  return (
    <div className="flex h-7 items-center gap-1.5" role="img" aria-label="Writing">
      <span className="typing-dot size-2 rounded-full bg-accent" />
      <span className="typing-dot size-2 rounded-full bg-accent" />
      <span className="typing-dot size-2 rounded-full bg-accent" />
    </div>
  );
}
