/**
 * Limits of the local cloud: what stands in for the platform's own, in one place.
 *
 * Source: AWS Lambda quotas and asynchronous invocation (2026-11) where a number is theirs; waits
 * between retries are shorter here, so that a person at a terminal sees them.
 */
export const localLimits = {
  // Engine
  engineAnswerWithinMs: 10_000,
  engineAnswerPollMs: 25,
  engineStopWithinMs: 5_000,
  engineWatchEveryMs: 500,
  engineStartsMax: 5,
  engineStartsWindowMs: 60_000,
  enginePortTriesMax: 5,

  // Function processes
  /** As deployed: descriptors that an environment has. */
  descriptorsMax: 1_024,
  initWithinMs: 30_000,
  /** A frozen process that nobody needs is ended. */
  idleMaxMs: 300_000,
  idleCheckEveryMs: 1_000,
  /** A process is not reused for ever: what leaks in it would stay unseen. */
  processAgeMaxMs: 2 * 3_600_000,
  /** At least; a large fleet gets two for each collector, its successor included. */
  processesMax: 64,
  memoryCheckEveryMs: 1_000,
  /** Share of a function's memory that V8's old space may take. */
  heapShare: 0.9,

  // Invocations
  asyncPayloadBytesMax: 1024 * 1024,
  syncPayloadBytesMax: 6 * 1024 * 1024,
  asyncQueueMax: 1_000,
  retryBackoffMs: [1_000, 2_000],
  duplicateDelayMaxMs: 2_000,
  logTailBytesMax: 4_096,

  // Alarms
  /** So long after a whole minute they are evaluated: by then its metrics are published. */
  alarmsAfterMinuteMs: 5_000,
  /** Two evaluations further apart: the machine slept, or its clock was set. */
  alarmsGapMaxMs: 150_000,
  /** As the deployed queue keeps them. */
  deadLetterKeptMs: 3_600_000,

  // Stopping
  drainMs: 5_000,
  /** After the drain: commits, chunks and releases of what is left. */
  drainMarginMs: 4_000,
  killedWithinMs: 5_000,

  // Logs
  logFileBytesMax: 5 * 1024 * 1024,
  logLineCharsMax: 16_384,

  // Files
  lockTriesMax: 20,
  retentionEveryMs: 60_000,

  // View
  viewFrameEveryMs: 250,
  viewPollEveryMs: 1_000,
  viewSlotEveryMs: 250,
  viewTargetsMax: 100_000,
  viewLinesPerPollMax: 20_000,
  viewChunksPerPollMax: 200,
  viewChunkLookbackMs: 30_000,
  viewSlowMs: 1_000,
  summaryEveryMs: 60_000,
} as const;
