/**
 * What a target costs on its way: from a line of a bulk file to a record, and back from the store.
 *
 *     node bench/target-record.ts
 */
import { parseJsonTree } from "#adapters/endpoint-files/json-tree.ts";
import { newReport } from "#adapters/endpoint-files/problem.ts";
import { readTargetLines } from "#adapters/endpoint-files/target-lines.ts";
import { fingerprint } from "#domain/fingerprint.ts";
import { POLICIES_DEFAULT } from "#domain/policy.ts";
import { encodeTarget, parseTarget } from "#domain/target-record.ts";
import type { Target } from "#domain/target.ts";
import { epochMs } from "#domain/units.ts";

const COUNT = 20_000;
const ROUNDS = 5;

const shapes: Readonly<Record<string, (index: number) => object>> = {
  plain: (index) => ({
    url: `https://h${index}.example.com/health/${index}`,
    cadence: "every 60s",
    tags: { team: "web", region: "eu" },
  }),
  rich: (index) => ({
    url: `https://h${index}.example.com/v1/orders?limit=${index}`,
    id: `orders-${index}`,
    name: "Orders",
    cadence: "alerting",
    headers: { accept: "application/json" },
    response_json_values: ["status", "items[0].id"],
    auth: { bearer: { $ref: "env:LAMPLIGHTER_SECRET_API_TOKEN" } },
    success_test: [{ status: 200 }, { key: "total", op: ">=", value: 1 }],
  }),
};

async function read(lines: readonly string[]): Promise<Target[]> {
  const targets: Target[] = [];
  async function* stream(): AsyncGenerator<string> {
    for (let from = 0; from < lines.length; from += 500) {
      yield await Promise.resolve(`${lines.slice(from, from + 500).join("\n")}\n`);
    }
  }
  const options = { policies: POLICIES_DEFAULT, file: "bench" };
  for await (const line of readTargetLines(stream(), options)) {
    if (line.kind !== "target") continue;
    const revision = fingerprint(line.target, "main");
    targets.push({
      ...line.target,
      pool: "main",
      revision,
      registeredAt: epochMs(1_794_000_000_000),
    });
  }
  return targets;
}

/** µs for each of COUNT, the best round of some: the machine is shared. */
async function best(work: () => unknown): Promise<string> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    await work();
    least = Math.min(least, performance.now() - start);
  }
  return `${((least * 1_000) / COUNT).toFixed(2)} µs`;
}

for (const [name, shape] of Object.entries(shapes)) {
  const lines = Array.from({ length: COUNT }, (_, index) => JSON.stringify(shape(index)));
  const targets = await read(lines);
  const records = targets.map(encodeTarget);
  console.log(
    `${name}: a line of ${lines[0]?.length ?? 0} characters, a record of ${records[0]?.length ?? 0}`,
  );
  console.table({
    "line → target, fingerprint included": await best(() => read(lines)),
    "of which parseJsonTree": await best(() => {
      for (const line of lines) parseJsonTree(line, 1, newReport("bench"));
    }),
    "of which fingerprint": await best(() => {
      for (const target of targets) fingerprint(target, "main");
    }),
    encodeTarget: await best(() => targets.map(encodeTarget)),
    parseTarget: await best(() => {
      for (const record of records) parseTarget(record, "bench");
    }),
    "of which JSON.parse": await best(() => {
      for (const record of records) JSON.parse(record);
    }),
  });
}
