import type { StopReport } from "#local/cloud.ts";

/** How a stop went, for a person. */
export function stopText({ cut, abandoned }: StopReport): string {
  const open =
    abandoned > 0
      ? `${abandoned} captures were still open and are not committed: the next start captures them`
      : "nothing was left open";
  const leases =
    cut > 0
      ? `${cut} functions did not end in time and were killed; their leases expire`
      : "leases released";
  return `stopped: ${open}; ${leases}; samples kept, engine stopped`;
}
