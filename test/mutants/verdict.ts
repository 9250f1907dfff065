/** What became of a mutant: killed by what, equivalent by which argument, or alive. */
import type { Area, Mutant } from "./catalogue/index.ts";
import { asShipped, type Check } from "./checks.ts";
import { runWith, type Command, type Killed, type Run } from "./runs.ts";

export type Verdict =
  | { readonly kind: "killed"; readonly by: Check["by"]; readonly how: Killed }
  | { readonly kind: "equivalent"; readonly proof: string }
  /** A hole in the model or in the simulation, or a proof that was not written. */
  | { readonly kind: "survived"; readonly why: string };

export interface Judged {
  readonly mutant: Mutant;
  readonly area: Area;
  readonly verdict: Verdict;
  readonly seconds: number;
}

export type Runner = (id: string, command: Command) => Promise<Run>;

/**
 * One check after the other, until one says that something doesn't hold which holds without the
 * mutant. One that is called equivalent is put to them all the same: what kills it refutes the proof.
 */
export async function judge(
  mutant: Mutant,
  checks: readonly Check[],
  run: Runner = runWith,
): Promise<Verdict> {
  const failures: string[] = [];
  for (const check of checks) {
    const { by, command } = check;
    const result = await run(mutant.id, command);
    if (result.kind === "failed") failures.push(`${by}: ${result.why}`);
    if (result.kind !== "killed") continue;
    const { how } = result;
    const without = await run("", asShipped(check, how.where));
    if (without.kind === "holds") return refuted(mutant, { kind: "killed", by, how });
    const why = without.kind === "killed" ? without.how.what : without.why;
    failures.push(`${by}: ${how.where} doesn't hold for the code as it is: ${why}`);
  }
  const { equivalent } = mutant.expected;
  if (equivalent !== undefined && failures.length === 0)
    return { kind: "equivalent", proof: equivalent };
  const [failure] = failures;
  return { kind: "survived", why: failure ?? "nothing that was run says that anything is broken" };
}

function refuted(mutant: Mutant, killed: Extract<Verdict, { kind: "killed" }>): Verdict {
  if (mutant.expected.equivalent === undefined) return killed;
  const { where, what } = killed.how;
  return { kind: "survived", why: `called equivalent, but ${where} says: ${what}` };
}

/** Runs without a mutant are made once. */
export function remembering(run: Runner): Runner {
  const shipped = new Map<string, Promise<Run>>();
  return (id, command) => {
    if (id !== "") return run(id, command);
    const name = [command.program, ...command.args].join(" ");
    const known = shipped.get(name) ?? run(id, command);
    shipped.set(name, known);
    return known;
  };
}
