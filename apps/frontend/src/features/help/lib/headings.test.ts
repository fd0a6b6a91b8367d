import { expect, it } from "vitest";
import { headingsOf } from "./headings";

it("lists the sections of a guide, with the names of their anchors", () => {
  const guide =
    "# Guide\n\n## With `nginx`, say\n\n```sh\n## no heading\n```\n\n### Part\n\n## After\n";
  expect(headingsOf(guide)).toEqual([
    { anchor: "with-nginx-say", text: "With nginx, say" },
    { anchor: "after", text: "After" },
  ]);
});
