/* Server-sent events, read as the WHATWG HTML standard says (section 9.2). */

export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  // Pieces of an event whose end has not come: they are looked at and joined once, since an event may be long.
  let pieces: string[] = [];
  for await (const bytes of body) {
    const piece = decoder.decode(bytes, { stream: true });
    pieces.push(piece);
    if (!piece.includes("\n")) continue;
    const blocks = pieces.join("").split("\n\n");
    pieces = [blocks.pop()!];
    for (const block of blocks) {
      const event = parse(block);
      if (event !== undefined) yield event;
    }
  }
}

function parse(block: string): ServerEvent | undefined {
  const event: ServerEvent = { id: "", event: "message", data: "" };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, name, value] = /^([a-z]*):? ?(.*)$/.exec(line) ?? [];
    if (name === "data") data.push(value!);
    else if (name === "id" || name === "event") event[name] = value!;
  }
  event.data = data.join("\n");
  return data.length > 0 ? event : undefined;
}
