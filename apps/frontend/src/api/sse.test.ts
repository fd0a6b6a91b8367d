import { describe, expect, it } from "vitest";
import { createEventParser, readEvents, type ServerEvent } from "./sse";

const stream =
  'id: 1\nevent: delta\ndata: {"seq":1}\n\n: heartbeat\n\nid: 2\r\nevent: done\r\ndata: a\r\ndata: b\r\n\r\n';
const expected: ServerEvent[] = [
  { id: "1", event: "delta", data: '{"seq":1}' },
  { id: "2", event: "done", data: "a\nb" },
];

function parseInPieces(text: string, size: number): ServerEvent[] {
  const parse = createEventParser();
  const events: ServerEvent[] = [];
  for (let at = 0; at < text.length; at += size) events.push(...parse(text.slice(at, at + size)));
  return events;
}

describe("createEventParser", () => {
  it("gives the same events however the text is cut", () => {
    for (let size = 1; size <= stream.length; size += 1) {
      expect(parseInPieces(stream, size), `pieces of ${size}`).toEqual(expected);
    }
  });

  it("keeps an unfinished event back", () => {
    const parse = createEventParser();
    expect(parse("data: half")).toEqual([]);
    expect(parse(" done\n")).toEqual([]);
    expect(parse("\n")).toEqual([{ id: "", event: "message", data: "half done" }]);
  });

  it("ignores comments and fields it does not know, and takes off one space only", () => {
    expect(createEventParser()(": hi\nretry: 5\ndata:  x\n\n")).toEqual([
      { id: "", event: "message", data: " x" },
    ]);
  });
});

describe("readEvents", () => {
  it("joins characters that were cut between chunks", async () => {
    const bytes = new TextEncoder().encode("data: grün ✓\n\n");
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const data: string[] = [];
    for await (const event of readEvents(body)) data.push(event.data);
    expect(data).toEqual(["grün ✓"]);
  });
});
