import { useEffect, useState } from "react";

const longWaitMs = 8_000;

/** Until the first words come. A model that has to be loaded may take minutes: then it says so. */
export function TypingIndicator() {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), longWaitMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="flex min-h-7 flex-wrap items-center gap-x-3">
      <div className="flex items-center gap-1.5" role="img" aria-label="Writing">
        <span className="typing-dot size-2 rounded-full bg-accent" />
        <span className="typing-dot size-2 rounded-full bg-accent" />
        <span className="typing-dot size-2 rounded-full bg-accent" />
      </div>
      <p role="status" className="text-sm text-faint">
        {long && "Still waiting for the model. It may be loading."}
      </p>
    </div>
  );
}
