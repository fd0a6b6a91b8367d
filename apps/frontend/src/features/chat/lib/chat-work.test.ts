import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetWork, lookAtOpen, noteAnswered, setOpenChat, unseen } from "./chat-work";

const page = { visibilityState: "visible" };
const shown = () => [...unseen.get()];

describe("answers that were not looked at", () => {
  beforeEach(() => {
    vi.stubGlobal("document", page);
    page.visibilityState = "visible";
    setOpenChat("open");
    forgetWork();
  });
  afterEach(() => vi.unstubAllGlobals());

  it("are those of other chats, until these are opened", () => {
    noteAnswered("open");
    noteAnswered("other");
    expect(shown()).toEqual(["other"]);
    setOpenChat("other");
    expect(shown()).toEqual([]);
  });

  it("are those of the open chat too while its tab is behind others", () => {
    page.visibilityState = "hidden";
    noteAnswered("open");
    lookAtOpen();
    expect(shown()).toEqual(["open"]);
    page.visibilityState = "visible";
    lookAtOpen();
    expect(shown()).toEqual([]);
  });
});
