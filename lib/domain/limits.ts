/**
 * Every limit of the protocol and of what we accept, in one place.
 * How they relate is a test: test/domain/limits.test.ts.
 */
import type { DurationMs } from "./units.ts";

const ms = (span: number): DurationMs => span as DurationMs;

export const limits = {
  // What we accept
  targetIdBytesMax: 512,
  periodMinMs: ms(1_000),
  periodMaxMs: ms(31 * 86_400_000),
  cronSpreadMaxMs: ms(30_000),
  /** Expression and zone: they are part of a record's key. */
  cronCharsMax: 256,
  timeoutMinMs: ms(50),
  timeoutMaxMs: ms(60_000),
  targetRecordBytesMax: 32_768,

  // Endpoint files and bulk files
  endpointFileBytesMax: 1024 * 1024,
  endpointFilesMax: 5_000,
  /** Values in a file, anchors expanded: what an alias bomb runs into. */
  endpointValuesMax: 200_000,
  endpointDepthMax: 32,
  endpointProblemsMax: 50,
  targetLineBytesMax: 65_536,
  endpointSettleMs: ms(200),
  endpointSettleTriesMax: 10,
  endpointPollEveryMs: ms(5_000),
  tagsMax: 50,
  headersMax: 50,
  assertionsMax: 50,
  keptValuesMax: 50,
  redirectsMax: 20,
  patternCharsMax: 1_000,

  // Registration
  /** Definitions held at once: enough for some per slot, so that slots aren't read over and over. */
  registrationBatchMin: 20_000,
  registrationBatchMax: 65_536,
  registrationBatchBytesMax: 64 * 1024 * 1024,
  /** With pieces of 50 at most eight batches are with the store at once: it also serves commits. */
  registrationSlotsAtOnce: 4,
  registrationPutMax: 50,
  registrationAttemptsMax: 5,
  /** A partition takes 1,000 write units a second; half of it is left to commits. */
  registrationUnitsPerSecond: 500,
  registrationRefusalsShown: 50,
  statusSlotsAhead: 4,
  /** Ids of targets that one import may take out again. */
  prunedMax: 100_000,

  // Leases
  leaseTtlMs: ms(10_000),
  heartbeatEveryMs: ms(3_000),
  skewMaxMs: ms(100),
  /** Room for a commit, its retries and its chunk at the end of what a giver keeps. */
  commitTimeMs: ms(3_000),
  untilSlackMs: ms(1_000),
  /** A release's cut lies this far ahead: the successor polls and reads its schedules meanwhile. */
  releaseCutAheadMs: ms(750),
  /** A give's cut lies one heartbeat ahead, plus the time to read the slots. */
  giveCutAheadMs: ms(3_500),
  /** For a taker that isn't running yet. */
  startCutAheadMs: ms(3_000),
  /** The schedules of so many slots are read within these times; more of them no slower than this. */
  slotsReadInTime: 250,
  slotsReadPerSecond: 2_500,
  successorPollMs: ms(100),
  successorWaitMaxMs: ms(120_000),
  requestPollMs: ms(2_000),
  lingerMs: ms(5_000),
  commitEveryMs: ms(10_000),

  // Rebalancer
  rebalanceEveryMs: ms(60_000),
  rebalancerStayMaxMs: ms(130_000),
  /** Between two looks of a rebalancer that stands by for a newer one. */
  standByPollMs: ms(5_000),
  /** A start by a newer run that lives is to be seen so long after the need. */
  newerGraceMs: ms(2_500),
  startRepeatMs: ms(5_000),
  rangesPerMoveMax: 1_024,
  movesPerRunMax: 64,
  leasesMax: 1_000,

  // A range that kills whoever takes it
  /** So long a death is held against a lease. */
  deathsWithinMs: ms(15 * 60_000),
  /** The newest that a record keeps: enough to count to `deathsToQuarantine`. */
  deathsKeptMax: 4,
  deathsToDivide: 2,
  deathsToQuarantine: 3,
  /** Among so many leases the ranges of a lease that kills are divided. */
  wardsMax: 16,
  /** Then one collector may try again. */
  quarantineMs: ms(15 * 60_000),

  // Store calls
  connectTimeoutMs: ms(500),
  requestTimeoutMs: ms(1_000),
  storeAttemptsMax: 3,
  /** A start that is asked for twice is harmless; a rebalancer that waits for one starts no other. */
  invokeRequestTimeoutMs: ms(3_000),
  conflictAttemptsMax: 8,
  storeBackoffMaxMs: ms(2_000),
  queryPagesMax: 10_000,
  batchWriteItemsMax: 25,
  batchAttemptsMax: 12,
  requestIdsMax: 100,

  // Secrets that are looked up
  secretAgeMaxMs: ms(5 * 60_000),
  /** From here on it is asked for again while the known value is used. */
  secretRefreshAfterMs: ms(4 * 60_000),
  secretFailureAgeMs: ms(10_000),
  secretsCachedMax: 256,
  /** Systems Manager answers 40 requests a second for the whole account unless that is raised. */
  secretsAtOnceMax: 4,
  secretBytesMax: 65_536,

  // Calls to an object store
  objectRequestTimeoutMs: ms(2_000),
  objectAttemptsMax: 2,

  // Chunks
  chunkEveryMs: ms(1_000),
  /** Where each put is paid for. */
  chunkEveryObjectMs: ms(10_000),
  chunkBytesMax: 4 * 1024 * 1024,
  /** Of a put that somebody waits for. */
  chunkAttemptsMax: 5,
  /** Of one that waits for the store: at two seconds of back-off longer than an invocation lives. */
  chunkPatientAttemptsMax: 1_000,
  chunkBackoffMs: ms(100),
  chunkPutsMax: 4,
  /** Lines of chunks that aren't durable yet; beyond it no capture is started. */
  chunkBacklogBytesMax: 64 * 1024 * 1024,

  // Reading samples
  samplesMax: 100_000,
  chunkReadsAtOnceMax: 16,
  brokenChunksNamedMax: 20,

  // Retention of samples
  retentionAgeMs: ms(7 * 86_400_000),
  retentionBytesMax: 2 * 1024 ** 3,
  retentionRemovesMax: 20_000,
  temporaryAgeMaxMs: ms(3_600_000),

  // Calls to CloudWatch
  metricRequestTimeoutMs: ms(2_000),
  metricAttemptsMax: 2,
  /** 4 MB of metrics; a pool publishes 3 KB. */
  metricRequestsMax: 4,

  // Metrics in a local file
  metricFileBytesMax: 8 * 1024 * 1024,
  metricFilesMax: 4,

  // Collector
  socketsMax: 800,
  slotCacheBytesMax: 64 * 1024 * 1024,
  slotCacheAgeMaxMs: ms(15 * 60_000),
  lateRateFloorPerSecond: 50,
  openRoundsPerScheduleMax: 4,
} as const;
