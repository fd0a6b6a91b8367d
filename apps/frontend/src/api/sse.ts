/** Server-sent events (WHATWG HTML, section 9.2.6), for fetch: EventSource cannot send a token. */
export type ServerEvent = { id: string; event: string; data: string };

/** Feed it text as it comes, however it is cut; it returns the events completed by that text. */
export function createEventParser(): (chunk: string) => ServerEvent[] {
  let rest = "";
  let afterCarriageReturn = false;
  let id = "";
  let event = "";
  let data: string[] = [];

  function takeLine(line: string): ServerEvent | null {
    if (line === "") {
      const complete =
        data.length > 0 ? { id, event: event || "message", data: data.join("\n") } : null;
      event = "";
      data = [];
      return complete;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) id = value;
    return null;
  }

  return (chunk) => {
    // A CR that ended the last chunk already ended its line; an LF right after it is the same end.
    const text = afterCarriageReturn && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
    if (chunk !== "") afterCarriageReturn = chunk.endsWith("\r");
    const lines = (rest + text).split(/\r\n|\r|\n/);
    rest = lines.pop() ?? "";
    return lines.map(takeLine).filter((complete) => complete !== null);
  };
}

export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parse = createEventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parse(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
