/* HTTP by hand: any bytes to the server, and what it answers until it hangs up. */
import net from "node:net";

export interface RawReply {
  status: number;
  head: string;
  body: string;
  /** All bytes, of every reply. */
  text: string;
}

export function parseReply(text: string): RawReply {
  const end = text.indexOf("\r\n\r\n");
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0),
    head: text.slice(0, end),
    body: text.slice(end + 4),
    text,
  };
}

/** Sends the pieces, each when the one before was handed over, and reads until the server closes. */
export function exchange(port: number, ...pieces: (string | Uint8Array)[]): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    let text = "";
    socket.setNoDelay(true);
    socket.on("data", (data) => (text += data.toString("latin1")));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // A server that refuses may hang up before it has read all; its answer counts.
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => resolve(parseReply(text)));
    const next = (): void => {
      const piece = pieces.shift();
      if (piece !== undefined && !socket.destroyed) socket.write(piece, next);
    };
    socket.on("connect", next);
  });
}
