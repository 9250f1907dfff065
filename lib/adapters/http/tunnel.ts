/**
 * A way through a forward proxy to one host and port (CONNECT).
 *
 * In:    a connected socket, the place beyond            Out: the same socket, now leading there
 * Fails: CaptureError `connect`. The proxy's head is at most 16 KiB.
 * Source: RFC 9110, section 9.3.6.
 */
import type { Socket } from "node:net";
import { CaptureError } from "./failures.ts";
import { placeName, type Place } from "./origin.ts";

const HEAD_BYTES_MAX = 16_384;

export function tunnel(socket: Socket, place: Place, signal: AbortSignal): Promise<void> {
  const name = placeName(place);
  return new Promise((resolve, reject) => {
    let head = "";
    const settle = (outcome: () => void): void => {
      socket.off("data", onData).off("error", onEnd).off("close", onEnd).pause();
      signal.removeEventListener("abort", onAbort);
      outcome();
    };
    const fail = (sentence: string): void =>
      settle(() => reject(new CaptureError("connect", `the proxy ${sentence}`)));
    const onData = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) {
        if (head.length > HEAD_BYTES_MAX) fail("answered with too long a head");
        return;
      }
      const status = /^HTTP\/1\.[01] (\d{3})/u.exec(head)?.[1];
      if (status?.startsWith("2") !== true) fail(`answered ${status ?? "no HTTP"} for ${name}`);
      // Nobody may speak before our TLS greeting.
      else if (head.length > end + 4) fail(`sent bytes of its own before ${name} could`);
      else settle(resolve);
    };
    const onEnd = (): void => fail(`ended the connection instead of leading to ${name}`);
    const onAbort = (): void =>
      settle(() => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted")));
    socket.on("data", onData).on("error", onEnd).on("close", onEnd);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    socket.write(`CONNECT ${name} HTTP/1.1\r\nhost: ${name}\r\n\r\n`);
  });
}
