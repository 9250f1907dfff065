/** What a person who has just been woken up needs to know: three sentences for each alarm. */
import type { AlarmId, AlarmText } from "./definition.ts";

export const ALARM_TEXTS: Readonly<Record<AlarmId, AlarmText>> = {
  CollectionLag: {
    meaning:
      "Targets that are due have been waiting for longer than a whole period: results are missing right now.",
    look: "`lamplighter leases` (is every lease owned, which one lags?), then the alarms OrphanedSlots, Overload and ThrottledStore: one of them is usually the cause.",
    act: "Follow the alarm that rings beside it; if none does, find in the log of the collector with the largest lag what it waits for, and stop that invocation's targets or let its lease pass on.",
  },
  OrphanedSlots: {
    meaning:
      "Some slots have due targets and no collector: their owner is gone and no other has taken over.",
    look: "`lamplighter leases` (which leases are not owned) and the log of Rebalance (does it start collectors, what do the starts answer?).",
    act: "If starts are refused, raise the account's or the function's concurrency; if collectors end at once, read CollectErrors' log and undo the last deploy.",
  },
  RebalancerSilent: {
    meaning:
      "The rebalancer has not been invoked for minutes: collectors that end, within 15 minutes all of them, are not replaced.",
    look: "The schedule of Rebalance (is it enabled, may it invoke?) and the account's concurrency (are invocations throttled?).",
    act: "Enable the schedule or free concurrency; until then `lamplighter invoke rebalance` once a minute keeps the pool going.",
  },
  HealthCheckSilent: {
    meaning:
      "Nobody says how the pool is: its metrics have stopped, and every alarm on them is blind.",
    look: "The log of HealthCheck (does it run, what does it say?), its schedule, and `lamplighter status` for how the pool really is.",
    act: "If it fails on the store, treat that first; if it runs and publishes nothing, its grant or the metrics service is the cause; if it does not run, enable its schedule.",
  },
  Overload: {
    meaning:
      "There is more to capture than the collectors manage: they are full and at their limit, or full while lag grows.",
    look: "`lamplighter leases` (how busy each is) and the metrics Captures, Utilisation and CollectorsDesired: what has grown?",
    act: "Raise the number of collectors, or give targets a longer cadence or a shorter time-out; one lease far above the others points at one slow host.",
  },
  StartLateness: {
    meaning:
      "More than one capture in a hundred starts noticeably after its moment, though none waits for a whole period.",
    look: "Utilisation and Overload (is a collector's processor full?), then StoreUnits and ThrottledCalls, then whether many targets share one host.",
    act: "Add collectors or memory (which brings processor time); where one host has many targets, raise its limit of requests at once.",
  },
  ThrottledStore: {
    meaning:
      "DynamoDB keeps refusing calls for lack of throughput: heartbeats and commits are retried and come late.",
    look: "The tables' throttled requests by operation in CloudWatch, and whether a large import is running.",
    act: "Pause the import; else raise the table's maximum or the account's quota, or warm the table's throughput before growth that you plan.",
  },
  FailuresAboveNormal: {
    meaning:
      "Far more captures fail than this fleet is used to: something in common is broken, on their side or on ours.",
    look: "`lamplighter targets list --down` for what fails and why: one error for all, one network, one tag?",
    act: "If they share a cause outside, tell its owners; if everything fails at once, look at our own way out: subnets, NAT, names, certificates, secrets.",
  },
  RefusedConfiguration: {
    meaning:
      "An endpoint file was refused: what it names is captured as it was before, or not at all.",
    look: "`lamplighter check` on the files: it names file, line, what was found and what is expected.",
    act: "Correct it, or take it back to what it was; the alarm ends with the next import that is clean.",
  },
  DeadLetters: {
    meaning:
      "Several invocations were given up after their retries: their events lie in the dead-letter queue.",
    look: "The queue's messages: each says its event, the function and the error; then that function's log at that time.",
    act: "Cure the error; the events themselves can be thrown away, since every start is repeated from the state of the leases: purge the queue and the alarm ends.",
  },
  RebalanceErrors: {
    meaning:
      "The rebalancer runs but keeps failing: no lease is planned and perhaps no collector started.",
    look: "The log of Rebalance: the error line says what could not be done and whether the store refused it.",
    act: "A refusal of the store is a grant or a quota; an error since the last deploy is undone by undoing it.",
  },
  CollectErrors: {
    meaning:
      "Collectors keep ending with an error or a kill: captures are made again, and some come late.",
    look: "The log of Collect for the last lines of those that failed: out of memory, out of time, or an error of ours.",
    act: "Out of memory: more memory or more collectors; an error since the last deploy is undone by undoing it; else keep the log lines and report them.",
  },
  HealthCheckErrors: {
    meaning:
      "The health check keeps failing: it found records that must never be so, or it can't read or publish.",
    look: "The error line in the log of HealthCheck: it names what is broken and where, or the call that failed.",
    act: "Something broken: import and change nothing, keep the log and the tables as they are, and report it; a refused call: a grant or a quota; a time-out: a slow store, or too little memory.",
  },
};
