/** What is said of an answer that doesn't come soon: a function may run for minutes. */
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { count } from "../../output/count.ts";

const LATE_AFTER_MS = 3_000;
const MINUTE_MS = 60_000;

/** Settles as `answer` does; `say` is called once, and only where that takes a while. */
export async function saidWhenLate<T>(answer: Promise<T>, say: () => Promise<void>): Promise<T> {
  let said = Promise.resolve();
  const timer = setTimeout(() => {
    said = say();
  }, LATE_AFTER_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    await said;
  }
}

/** `collect runs for as long as it has work, 15 minutes at most` */
export function runsUpTo(name: FunctionName): string {
  const minutes = Math.ceil(manifest[name].timeoutMs / MINUTE_MS);
  return `${name} runs for as long as it has work, ${count(minutes, "minute")} at most`;
}
