import { expect, it } from "vitest";
import { systemBusyMs } from "#adapters/system/busy.ts";

it("counts the time that this thread is at work, also between the turns of the event loop", async () => {
  const before = systemBusyMs();
  const until = performance.now() + 20;
  while (performance.now() < until) await Promise.resolve();
  expect(systemBusyMs() - before).toBeGreaterThanOrEqual(19);
});
