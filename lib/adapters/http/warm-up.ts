/**
 * Gets a process ready to capture: loads and compiles what the first captures would wait for.
 *
 * A successor does this while it waits for its lease: the first hundred milliseconds of captures
 * were up to 90 ms late without it (2026-11, `npm run bench:lateness`).
 *
 * Holds: talks to a server of its own on loopback only; never fails, never takes longer than a second.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { every } from "#domain/cadence.ts";
import type { Target } from "#domain/target.ts";
import { durationMs, epochMs } from "#domain/units.ts";
import type { Probe, ProbeTask } from "#ports/probe.ts";

const BATCHES = 12;
const BATCH = 25;
const TIME_MAX_MS = 1_000;

/** @param probe a probe of its own, which is closed at the end. */
export async function warmUp(probe: Probe): Promise<void> {
  const server = createServer((_request, response) => response.end('{"status":"ok"}'));
  const signal = AbortSignal.timeout(TIME_MAX_MS);
  try {
    const port = await listening(server);
    for (let round = 0; round < BATCHES && !signal.aborted; round += 1) {
      const batch = Array.from({ length: BATCH }, (_, index) => task(port, index));
      for await (const results of probe.capture(batch, signal)) if (results.length === 0) break;
    }
  } catch {
    // Readiness is a favour: what is wrong here shows where it matters, in captures.
  } finally {
    server.closeAllConnections();
    server.close();
    await probe.close();
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function task(port: number, index: number): ProbeTask {
  return { target: target(port, index), timeoutMs: durationMs(TIME_MAX_MS) };
}

function target(port: number, index: number): Target {
  return {
    id: `warm-up-${index}`,
    pool: "warm-up",
    probe: {
      kind: "http",
      url: `http://127.0.0.1:${port}/${index}`,
      method: "GET",
      headers: {},
      timeoutMs: durationMs(TIME_MAX_MS),
      redirectsMax: 0,
      insecure: false,
      keep: [],
      assertions: [{ kind: "status", allowed: [[200, 299]] }],
    },
    cadence: every(60_000),
    tags: {},
    revision: "",
    registeredAt: epochMs(0),
  };
}
