import { AuthLayout } from "./auth-layout";

/** For whoever comes without the set-up link to a server that waits for it. */
export function SetupNeeded() {
  return (
    <AuthLayout
      title="Almost there"
      lead="This server has no administrator yet. Open the set-up link that it printed when it started."
    >
      <div className="rounded-xl border border-line bg-raised p-4">
        <p className="text-sm text-soft">In the server&apos;s output, look for a line like this:</p>
        <code className="mt-3 block rounded-lg bg-panel px-3 py-2.5 font-mono text-xs break-all">
          Set up: {location.origin}/setup?token=…
        </code>
        <p className="mt-3 text-sm text-pretty text-soft">
          Is it gone? Start the server again: as long as there is no account, each start prints a
          new link.
        </p>
      </div>
    </AuthLayout>
  );
}
