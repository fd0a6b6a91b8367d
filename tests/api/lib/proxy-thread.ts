/* The thread of a proxy (proxy.ts): says its port, and then each state that it has taken. */
import net from "node:net";
import { parentPort, workerData } from "node:worker_threads";

import type { ProxyState } from "./proxy.ts";

const target = new URL(workerData as string);
const sockets = new Set<net.Socket>();
let state: ProxyState = "open";

function carry(from: net.Socket, to: net.Socket): void {
  sockets.add(from);
  from.setNoDelay(true);
  from.on("data", (data) => to.write(data));
  from.on("error", () => {});
  from.on("close", () => {
    sockets.delete(from);
    to.destroy();
  });
  if (state === "frozen") from.pause();
}

const server = net.createServer((client) => {
  if (state === "cut") {
    client.destroy();
    return;
  }
  const other = net.connect(Number(target.port), target.hostname);
  carry(client, other);
  carry(other, client);
});

parentPort!.on("message", (wanted: ProxyState) => {
  state = wanted;
  for (const socket of sockets) {
    if (state === "cut") socket.destroy();
    else if (state === "frozen") socket.pause();
    else socket.resume();
  }
  parentPort!.postMessage(state);
});

server.listen(0, "127.0.0.1", () =>
  parentPort!.postMessage((server.address() as net.AddressInfo).port),
);
