import { LogoMark } from "@/components/ui/logo";

const builtIn = "webplus/";

type ModelMarkProps = { modelId: string | null; name: string };

/** Who speaks: Web+ by its own mark, any other model by its initial, since its answer is not Web+'s. */
export function ModelMark({ modelId, name }: ModelMarkProps) {
  if (modelId?.startsWith(builtIn) === true) return <LogoMark className="size-5" />;
  return (
    <span
      aria-hidden="true"
      className="grid size-5 shrink-0 place-items-center rounded-md bg-hover text-[0.6875rem] font-semibold text-soft"
    >
      {name.slice(0, 1).toLocaleUpperCase()}
    </span>
  );
}
