/** Runs `work` once before the next paint, or soon where nothing is painted (a hidden tab). */
export function createFrameScheduler(work: () => void): () => void {
  let scheduled = false;
  const run = () => {
    if (!scheduled) return;
    scheduled = false;
    work();
  };
  return () => {
    if (scheduled) return;
    scheduled = true;
    if (document.visibilityState === "visible") requestAnimationFrame(run);
    // The timer alone in a hidden tab; in a visible one it covers a tab hidden before its frame.
    setTimeout(run, 250);
  };
}
