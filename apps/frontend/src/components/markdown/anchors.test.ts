import { describe, expect, it } from "vitest";
import { anchorOf } from "./anchors";

describe("anchorOf", () => {
  it("names headings as the links in the guides do", () => {
    expect(anchorOf("Change the port")).toBe("change-the-port");
    expect(anchorOf("The built-in model (Web+ Guide)")).toBe("the-built-in-model-web-guide");
    expect(anchorOf("Connect an OpenAI-compatible server")).toBe(
      "connect-an-openai-compatible-server",
    );
    expect(anchorOf("Open Web+ to the network")).toBe("open-web-to-the-network");
    expect(anchorOf("Is my data encrypted?")).toBe("is-my-data-encrypted");
  });
});
