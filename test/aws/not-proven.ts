/**
 * What `npm run test:aws` does not prove, since a stand-in is not AWS. The run prints it, and
 * docs/aws.md lists the same (test/docs/aws.test.ts).
 */
export interface NotProven {
  readonly what: string;
  /** What is checked in its place. */
  readonly instead: string;
}

export const NOT_PROVEN: readonly NotProven[] = [
  {
    what: "changing a stack that is there, rolling it back, deleting it: the stand-in can't",
    instead:
      "cdk diff after a deploy finds no difference; names of resources are contracts with tests; two versions of the bundle run side by side in npm test",
  },
  {
    what: "what CloudFormation makes of alarms, schedules, invocation settings, bucket, queue and topic policies, backups, lifecycle rules and the block on public access: the stand-in skips them",
    instead:
      "cfn-lint reads the template, and each is put through its service's own API with the template's properties and read back",
  },
  {
    what: "sam local invoke and sam local start-lambda: they need Docker",
    instead:
      "the emulator and the runtime client that sam's image holds run the bundles on the example events, with the deployed variables; sam validate reads the template; examples/sam-env.json is compared with it in npm test",
  },
  {
    what: "AWS's build of Node, Amazon Linux and arm64: here it is the project's own Node 24 on this machine",
    instead: "the bundles have no native parts",
  },
  {
    what: "permissions: the stand-in allows everything",
    instead: "npm test compares the actions that the adapters call with those that are granted",
  },
  {
    what: "encryption at rest and in transit: keys and policies are taken and kept, not applied",
    instead: "the template's tests and cdk-nag",
  },
  {
    what: "alarms that ring: the stand-in keeps them and evaluates none",
    instead: "npm test rehearses incidents with the template's own alarms on a set clock",
  },
  {
    what: "schedules that fire: the stand-in keeps them and runs none",
    instead: "the functions answer the event that the Scheduler sends",
  },
  {
    what: "asynchronous invocations as the platform does them: repeats, greatest age, dead letters, throttling, reserved concurrency; the stand-in accepts an event for a function that isn't there, too",
    instead:
      "the settings are compared with the manifest; the local cloud repeats in the same way in npm test",
  },
  {
    what: "freezing and thawing, memory limits and cold starts on AWS's machines: the emulator keeps its process running and enforces none",
    instead: "init and warm duration here are printed beside those of an empty handler",
  },
  {
    what: "DynamoDB's throttling, partitions and stale reads: stand-ins are one process",
    instead: "the protocol's races, throttled and lost answers are tested in npm test",
  },
  {
    what: "S3's 409 for two requests on one key at once, and its throttling",
    instead: "a stub answers so in npm test",
  },
  {
    what: "a pool behind a VPC: its endpoints and routes",
    instead: "cfn-lint and the template's tests, with every option on",
  },
  {
    what: "quotas and prices",
    instead: "synth prints the quota that is needed; docs/aws.md has the sums",
  },
];
