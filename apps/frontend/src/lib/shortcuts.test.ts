import { expect, it, vi } from "vitest";

vi.stubGlobal("navigator", { userAgent: "X11; Linux x86_64" });
const { displayKeys, matches, shortcuts } = await import("./shortcuts");

const typed = (key: string, code: string, modifiers: Partial<KeyboardEvent> = {}) =>
  ({
    key,
    code,
    ctrlKey: true,
    shiftKey: false,
    metaKey: false,
    altKey: false,
    ...modifiers,
  }) as KeyboardEvent;

it("counts the letter that is typed, wherever its key is", () => {
  expect(matches(typed("k", "KeyV"), "mod+k")).toBe(true);
  expect(matches(typed("v", "KeyK"), "mod+k")).toBe(false);
  expect(matches(typed("O", "KeyO", { shiftKey: true }), "mod+shift+o")).toBe(true);
  expect(matches(typed("o", "KeyO"), "mod+shift+o")).toBe(false);
});

it("counts the place of the key with another alphabet", () => {
  expect(matches(typed("л", "KeyK"), "mod+k")).toBe(true);
  expect(matches(typed("Щ", "KeyO", { shiftKey: true }), "mod+shift+o")).toBe(true);
  expect(matches(typed("ю", "Period"), "mod+.")).toBe(true);
});

it("takes signs that some layouts type with Shift", () => {
  expect(matches(typed("/", "Digit7", { shiftKey: true }), "mod+/")).toBe(true);
  expect(matches(typed(".", "Comma", { shiftKey: true }), "mod+.")).toBe(true);
});

it("leaves keys with other modifiers alone", () => {
  expect(matches(typed("k", "KeyK", { altKey: true }), "mod+k")).toBe(false);
  expect(matches(typed("k", "KeyK", { metaKey: true }), "mod+k")).toBe(false);
  expect(matches(typed("k", "KeyK", { ctrlKey: false }), "mod+k")).toBe(false);
});

it("takes none that opens something of the browser", () => {
  const taken = ["mod+shift+c", "mod+shift+s", "mod+shift+i", "mod+shift+j", "mod+n", "mod+t"];
  for (const { combo } of Object.values(shortcuts)) expect(taken).not.toContain(combo);
});

it("names keys as they are printed", () => {
  expect(displayKeys("mod+shift+x")).toBe("Ctrl+Shift+X");
});
