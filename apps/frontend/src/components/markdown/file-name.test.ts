import { expect, it } from "vitest";
import { fileName } from "./file-name";

it.each([
  ["print(1)", "python", "code.py"],
  ["x", "", "code.txt"],
  ["x", "toml", "code.toml"],
  ["x", "../../etc", "code.txt"],
  ["FROM debian", "dockerfile", "Dockerfile"],
  ["# app/main.py\nprint(1)", "python", "main.py"],
  ["// file: ../src/list.c\nint x;", "c", "list.c"],
  ["<!-- index.html -->\n<p>", "html", "index.html"],
  ["# See main.py\nx", "python", "code.py"],
  ["# main.py", "python", "main.py"],
])("%j in %j is called %s", (code, language, name) => {
  expect(fileName(code, language)).toBe(name);
});
