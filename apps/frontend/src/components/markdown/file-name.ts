/** What a piece of code is to be called as a file. */
const endings: Record<string, string> = {
  bash: "sh",
  "c++": "cpp",
  csharp: "cs",
  golang: "go",
  haskell: "hs",
  javascript: "js",
  jsx: "jsx",
  kotlin: "kt",
  latex: "tex",
  markdown: "md",
  objectivec: "m",
  perl: "pl",
  plaintext: "txt",
  powershell: "ps1",
  python: "py",
  ruby: "rb",
  rust: "rs",
  shell: "sh",
  swift: "swift",
  text: "txt",
  typescript: "ts",
  yaml: "yml",
  zsh: "sh",
};
const wholeNames: Record<string, string> = { dockerfile: "Dockerfile", makefile: "Makefile" };
/** A first line that only names the file: `# app.py`, `// src/main.c`, `<!-- index.html -->`. */
const named =
  /^\s*(?:#|\/\/|--|;|%|\/\*|<!--)\s*(?:file(?:name)?:\s*)?([\w./-]*[\w-]\.\w{1,8})\s*(?:\*\/|-->)?\s*$/i;

export function fileName(code: string, language: string): string {
  const [first = ""] = code.split("\n", 1);
  const said = named.exec(first)?.[1]?.split("/").at(-1);
  if (said !== undefined) return said;
  const ending = endings[language] ?? (/^[a-z0-9]{1,8}$/.test(language) ? language : "txt");
  return wholeNames[language] ?? `code.${ending}`;
}
