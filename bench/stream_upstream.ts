/* An OpenAI-compatible server whose every answer is a stream of times: the microsecond at which each delta was sent. */
import http from "node:http";
import type { AddressInfo } from "node:net";

const everyMs = 1000 / Number(process.argv[2]);

function microseconds(): string {
  return String(process.hrtime.bigint() / 1000n);
}

const server = http.createServer((request, response) => {
  if (request.url === "/v1/models") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ object: "list", data: [{ id: "clock", object: "model" }] }));
    return;
  }
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream" });
  const timer = setInterval(() => {
    response.write(`data: {"choices":[{"index":0,"delta":{"content":"${microseconds()} "}}]}\n\n`);
  }, everyMs);
  response.on("close", () => clearInterval(timer));
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
