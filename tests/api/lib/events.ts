/* Server-sent events, read as the WHATWG HTML standard says (section 9.2). */

export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let buffer = "";
  for await (const bytes of body) {
    buffer += decoder.decode(bytes, { stream: true });
    for (let end = buffer.indexOf("\n\n"); end >= 0; end = buffer.indexOf("\n\n")) {
      const event = parse(buffer.slice(0, end));
      buffer = buffer.slice(end + 2);
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
