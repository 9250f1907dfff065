/**
 * The captured side, in a process of its own: answers at once, or never, and logs every arrival.
 * Its log is the truth about captures. Started by startTargetServer; talks over IPC.
 *
 *     GET /t/<index>   200 {"status":"ok"}          GET /hang/<index>   no answer
 */
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";

const ROOM = 4_000_000;
const moments = new Float64Array(ROOM);
const indexes = new Uint32Array(ROOM);
let count = 0;

const BODY = '{"status":"ok"}';
const HEADERS = ["content-type", "application/json", "content-length", String(BODY.length)];

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const url = request.url ?? "";
  if (count < ROOM) {
    moments[count] = performance.timeOrigin + performance.now();
    indexes[count] = Number(url.slice(url.lastIndexOf("/") + 1));
    count += 1;
  }
  if (url.startsWith("/hang")) return;
  response.writeHead(200, HEADERS);
  response.end(BODY);
});
server.listen(0, "127.0.0.1", 1_024, () => {
  process.send?.({ kind: "listening", port: (server.address() as AddressInfo).port });
});

process.on("message", (message: { kind: string; file?: string }) => {
  if (message.kind === "count") process.send?.({ kind: "count", count });
  if (message.kind === "dump" && message.file !== undefined) {
    // 8-byte moments, then 4-byte indexes: read back by arrivals() in target-log.ts.
    writeFileSync(
      message.file,
      Buffer.concat([
        Buffer.from(moments.buffer, 0, count * 8),
        Buffer.from(indexes.buffer, 0, count * 4),
      ]),
    );
    process.send?.({ kind: "dumped", count });
  }
});
process.on("disconnect", () => process.exit(0));
