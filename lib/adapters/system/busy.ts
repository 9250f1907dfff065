/**
 * How long this thread's event loop has been at work, callbacks and garbage collection included.
 *
 * Holds: only grows, also when the wall clock jumps. While the process is stopped it counts what the
 *        loop was doing then: mostly waiting.
 * Source: `performance.eventLoopUtilization`, Node.js 24 documentation (read 2026-11).
 */
export function systemBusyMs(): number {
  return performance.eventLoopUtilization().active;
}
