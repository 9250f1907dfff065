/**
 * Quarantine of a lease, and its end by hand: one conditional write each.
 *
 * As with the other steps, the condition decides; the pure transition explains a refusal from the
 * record that refused it, and recognises our own write in it.
 *
 * Fails: DependencyError; InvariantError for a record that can't be read.
 */
import type { Lease, LeaseId } from "#domain/lease.ts";
import { lift, quarantine } from "#domain/quarantine.ts";
import type { LeaseStore } from "#ports/lease-store.ts";
import type { DynamoAccess } from "./access.ts";
import { leaseKey } from "./keys.ts";
import { formatWard, number, parseLease, QUARANTINED, text } from "./lease-codec.ts";
import { untilDecided } from "./lease-steps.ts";

type QuarantineSteps = Pick<LeaseStore, "quarantine" | "lift">;

export function quarantineSteps(access: DynamoAccess): QuarantineSteps {
  async function read(pool: string, id: LeaseId): Promise<Lease | undefined> {
    const item = await access.find("lease.find", leaseKey(pool, id));
    return item === undefined ? undefined : parseLease(item);
  }

  return {
    quarantine: (request) =>
      untilDecided("lease.quarantine", async () => {
        const lease = await read(request.pool, request.id);
        const result = quarantine(lease, request);
        if (result.kind === "refused" || result.lease === lease) return result;
        const { ward, nextDueAt } = result.lease;
        const { version, now, until, skewMaxMs } = request;
        const written = await access.update("lease.quarantine", {
          Key: leaseKey(request.pool, request.id),
          ConditionExpression: "v = :v AND (attribute_not_exists(o) OR x <= :takeable)",
          UpdateExpression:
            "SET o = :quarantine, x = :until, d = :until, q = :now, n = :n, w = :w, v = :next REMOVE k",
          ExpressionAttributeValues: {
            ":v": number(version),
            ":next": number(version + 1),
            ":takeable": number(now - skewMaxMs),
            ":quarantine": text(QUARANTINED),
            ":until": number(until),
            ":now": number(now),
            ":n": number(nextDueAt),
            ":w": text(ward === undefined ? "" : formatWard(ward)),
          },
          ReturnValues: "NONE",
        });
        return written.kind === "done" ? result : undefined;
      }),

    lift: (request) =>
      untilDecided("lease.lift", async () => {
        const lease = await read(request.pool, request.id);
        const result = lift(lease, request);
        if (result.kind === "refused" || result.lease === lease) return result;
        const written = await access.update("lease.lift", {
          Key: leaseKey(request.pool, request.id),
          ConditionExpression: "v = :v AND o = :quarantine",
          UpdateExpression: "SET v = :next REMOVE o, x, d, q, k, w",
          ExpressionAttributeValues: {
            ":v": number(request.version),
            ":next": number(request.version + 1),
            ":quarantine": text(QUARANTINED),
          },
          ReturnValues: "NONE",
        });
        return written.kind === "done" ? result : undefined;
      }),
  };
}
