import { saveFile } from "@/lib/save-file";
import { authorizedFetch } from "./client";
import { fromProblem } from "./problem";
import type { Problem } from "./types";

/** Fetches with the access token, which a plain link cannot carry, and hands it over as a file. */
export async function download(path: string, name: string): Promise<void> {
  const response = await authorizedFetch(new Request(location.origin + path));
  if (!response.ok) {
    const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
    throw fromProblem(response, problem);
  }
  saveFile(await response.blob(), name);
}
