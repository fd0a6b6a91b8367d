import { createLowlight } from "lowlight";
import { expect, it } from "vitest";
import { ini } from "./ini-grammar";

const lowlight = createLowlight({ ini });

function literals(code: string): string[] {
  return lowlight.highlight("ini", code).children.flatMap((node) => {
    if (node.type !== "element" || !String(node.properties.className).includes("literal"))
      return [];
    const [text] = node.children;
    return text?.type === "text" ? [text.value] : [];
  });
}

it("colours words that are literals, and no parts of words", () => {
  expect(literals("After=network-online.target\nRestart=on-failure\nname=nobody")).toEqual([]);
  expect(literals("a = on\nb=off # no more\nc = true")).toEqual(["on", "off", "true"]);
});
