/**
 * What the runtime interface emulator says of time, out of its log.
 *
 *     … (rapid) INIT REPORT(durationMs: 62.990000)
 *     … (rapid) INVOKE RTDONE(status: success, produced bytes: 0, duration: 1.794000ms)
 *
 * Init is from starting Node to the handler's module being loaded. The emulator is lazy: it begins
 * with the first invocation. (`Init Duration` in its REPORT line is something else, and near 0.)
 */
export interface EmulatorTimes {
  /** One for each time that the runtime was started. */
  readonly initMs: readonly number[];
  readonly invokeMs: readonly number[];
}

export function emulatorTimes(log: string): EmulatorTimes {
  return {
    initMs: all(log, /INIT REPORT\(durationMs: ([\d.]+)\)/gu),
    invokeMs: all(log, /INVOKE RTDONE\(.*?duration: ([\d.]+)ms\)/gu),
  };
}

function all(log: string, pattern: RegExp): number[] {
  return [...log.matchAll(pattern)].map(([, number]) => Number(number));
}
