/** One capture for people: the verdict, every assertion with found and expected, the phases. */
import { formatDuration } from "#domain/duration.ts";
import type { Scalar } from "#domain/http-settings.ts";
import type { PhaseTimings } from "#domain/sample.ts";
import type { TargetDefinition } from "#domain/target.ts";
import type { CaptureReport } from "#adapters/http/http-probe.ts";
import type { CliOutput } from "../../io.ts";
import { displayWidth, pad, printable } from "../../output/display.ts";
import { formatLatency, isoText } from "../../output/moment.ts";

export function reportLines(
  { id }: TargetDefinition,
  report: CaptureReport,
  output: CliOutput,
): readonly string[] {
  const { capture } = report;
  const verdict = capture.failure === undefined ? output.style("green", "up") : output.style("red", "down"); // prettier-ignore
  const status = report.status === undefined ? "" : `  status ${report.status}`;
  const lines = [
    `${output.style("bold", printable(id))}  ${verdict}  ${formatLatency(capture.durationMs)}${status}`,
  ];
  for (const { status: code, to } of report.redirects) {
    lines.push(`  ${code} redirected to ${printable(to)}`);
  }
  if (capture.failure !== undefined) {
    const { code, message } = capture.failure;
    lines.push(`  ${output.style("red", code)}: ${printable(message)}`);
  }
  lines.push(...assertionLines(report, output), ...phaseLines(report));
  if (report.certificateDays !== undefined) {
    lines.push(`  certificate: ${report.certificateDays} days left`);
  }
  lines.push(...valueLines(capture.values));
  return lines;
}

function assertionLines({ assertions }: CaptureReport, output: CliOutput): readonly string[] {
  const width = Math.max(0, ...assertions.map(({ expected }) => displayWidth(printable(expected))));
  return assertions.map(({ passed, expected, found }) => {
    const mark = passed ? output.style("green", "pass") : output.style("red", "FAIL");
    return `  ${mark}  ${pad(printable(expected), width, "left")}  found ${printable(found)}`;
  });
}

const PHASES: readonly (readonly [key: keyof PhaseTimings, name: string])[] = [
  ["dns", "dns"],
  ["connect", "connect"],
  ["tls", "tls"],
  ["firstByte", "first byte"],
  ["body", "body"],
];

function phaseLines({ timings, remoteAddress }: CaptureReport): readonly string[] {
  const parts = PHASES.flatMap(([key, name]) => {
    const span = timings[key];
    return span === undefined ? [] : [`${name} ${formatLatency(span)}`];
  });
  const from = remoteAddress === undefined ? "" : `  (${remoteAddress})`;
  return parts.length === 0 ? [] : [`  ${parts.join(", ")}${from}`];
}

function valueLines(values: Readonly<Record<string, Scalar>>): readonly string[] {
  return Object.entries(values)
    .filter(([name]) => name !== "certificate_days")
    .map(([name, value]) => `  ${printable(name)} = ${printable(JSON.stringify(value))}`);
}

/** What programs get. */
export function reportJson(
  { id, probe }: TargetDefinition,
  report: CaptureReport,
): Readonly<Record<string, unknown>> {
  const { capture, assertions, timings, redirects } = report;
  return {
    target: id,
    ...(probe.kind === "http" && { url: probe.url, timeout: formatDuration(probe.timeoutMs) }),
    ok: capture.failure === undefined,
    ...(capture.failure !== undefined && { failure: capture.failure }),
    startedAt: isoText(capture.startedAt),
    durationMs: capture.durationMs,
    ...(report.status !== undefined && { status: report.status }),
    ...(report.remoteAddress !== undefined && { remoteAddress: report.remoteAddress }),
    ...(report.certificateDays !== undefined && { certificateDays: report.certificateDays }),
    redirects,
    assertions: assertions.map(({ passed, expected, found }) => ({ passed, expected, found })),
    timings,
    values: capture.values,
  };
}
