import { expect, it } from "vitest";
import { emulatorTimes } from "./emulator-log.ts";

const LOG = `21 Nov 2026 17:00:32,185 [INFO] (rapid) exec 'node' (cwd=/x, handler=index.handler)
START RequestId: d68d850e Version: $LATEST
21 Nov 2026 17:00:33,990 [INFO] (rapid) INIT REPORT(durationMs: 62.990000)
21 Nov 2026 17:00:33,990 [INFO] (rapid) INVOKE START(requestId: d68d850e)
21 Nov 2026 17:00:33,992 [INFO] (rapid) INVOKE RTDONE(status: success, produced bytes: 0, duration: 1.794000ms)
REPORT RequestId: d68d850e	Init Duration: 0.26 ms	Duration: 64.99 ms	Billed Duration: 65 ms
21 Nov 2026 17:00:34,006 [INFO] (rapid) INVOKE RTDONE(status: error, produced bytes: 0, duration: 12.5ms)
`;

it("reads how long init and each invocation took", () => {
  expect(emulatorTimes(LOG)).toEqual({ initMs: [62.99], invokeMs: [1.794, 12.5] });
});

it("has none of a log without any", () => {
  expect(emulatorTimes("")).toEqual({ initMs: [], invokeMs: [] });
});
