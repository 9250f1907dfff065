/**
 * What a pool costs in a month, with the sums shown: the tables of docs/aws.md.
 *
 *     npm run bench:cost                  the tables
 *     npm run bench:cost -- --measure     what a capture costs on this machine, which they start from
 */
import { parseArgs } from "node:util";
import { costTables } from "./support/bill-tables.ts";
import { CAPTURES } from "./support/bill.ts";
import { captureCosts, CONNECTION_KINDS } from "./support/capture-cost.ts";

const { values } = parseArgs({
  options: {
    measure: { type: "boolean", default: false },
    captures: { type: "string", default: "8000" },
  },
});

if (values.measure) {
  const costs = await captureCosts(Number(values.captures));
  for (const kind of CONNECTION_KINDS) {
    const { cpuMs, bytesSent } = costs[kind];
    console.log(`${kind.padEnd(12)} ${cpuMs.toFixed(3)} ms of processor, ${bytesSent} bytes sent`);
  }
  console.log(
    `the tables reckon with ${CAPTURES.public.cpuMs} ms (new, TLS) and ${CAPTURES.inside.cpuMs} ms (kept alive, a collector's own work included)`,
  );
} else {
  console.log(costTables().join("\n\n"));
}
