import { describe, expect, it } from "vitest";
import { httpProbe } from "#adapters/http/http-probe.ts";
import { warmUp } from "#adapters/http/warm-up.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { Probe } from "#ports/probe.ts";

const secrets = { find: () => Promise.resolve({ kind: "missing" as const, reason: "none here" }) };

function counted(probe: Probe): { probe: Probe; captures: () => number; closed: () => boolean } {
  let captures = 0;
  let closed = false;
  return {
    captures: () => captures,
    closed: () => closed,
    probe: {
      ...probe,
      capture: (batch, signal) => {
        captures += batch.length;
        return probe.capture(batch, signal);
      },
      close: () => {
        closed = true;
        return probe.close();
      },
    },
  };
}

describe("warming up", () => {
  it("captures a few hundred times on loopback, and leaves nothing open", async () => {
    const own = counted(httpProbe({ clock: systemClock(), secrets }));
    await warmUp(own.probe);
    expect(own.captures()).toBe(300);
    expect(own.closed()).toBe(true);
  });

  it("never fails, whatever its probe does", async () => {
    const own = counted(httpProbe({ clock: systemClock(), secrets }));
    const broken: Probe = {
      ...own.probe,
      capture: () => {
        throw new Error("a bug");
      },
    };
    await expect(warmUp(broken)).resolves.toBeUndefined();
    expect(own.closed()).toBe(true);
  });
});
