import { describe, expect, test } from "vitest";
import { dynamoClient } from "#adapters/dynamodb/client.ts";
import { failureName } from "#adapters/aws-failure.ts";
import { dependencyError } from "#adapters/dynamodb/errors.ts";
import { dynamoLeaseStore } from "#adapters/dynamodb/lease-store.ts";
import { capacityMeter } from "#adapters/dynamodb/meter.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { leaseId } from "#domain/lease.ts";
import { describeOnEngine } from "#test/support/on-engine.ts";

const named = (name: string, message = "said"): Error =>
  Object.assign(new Error(message), { name });

describe("a store's error", () => {
  test("is retryable where waiting helps, and not where somebody must act", () => {
    const retryable = (name: string): boolean =>
      dependencyError("lease.renew", named(name)).retryable;
    for (const name of [
      "ProvisionedThroughputExceededException",
      "ThrottlingException",
      "InternalServerError",
      "TransactionConflictException",
      "TimeoutError",
    ]) {
      expect([name, retryable(name)]).toEqual([name, true]);
    }
    for (const name of [
      "ResourceNotFoundException",
      "AccessDeniedException",
      "ValidationException",
    ]) {
      expect([name, retryable(name)]).toEqual([name, false]);
    }
  });

  test("says which call, what the store said, who acts, and keeps its cause", () => {
    const cause = named("ResourceNotFoundException", "no such table");
    const error = dependencyError("lease.renew", cause);
    expect(error.cause).toBe(cause);
    expect(error.message).toMatch(
      /^lease\.renew: .*ResourceNotFoundException: no such table \(.*engine\)$/u,
    );
  });

  test("is named by Node's code where it has no name of its own", () => {
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    expect(failureName(refused)).toBe("ECONNREFUSED");
    expect(dependencyError("x", refused).retryable).toBe(true);
    expect(failureName("a text")).toBe("Unknown");
  });
});

test("nobody at the endpoint is a retryable DependencyError", async () => {
  const client = dynamoClient({ endpoint: "http://127.0.0.1:9" });
  const tools = { client, meter: capacityMeter(), clock: systemClock(), tableName: "leases" };
  const call = dynamoLeaseStore(tools).findLease("default", leaseId(1));
  await expect(call).rejects.toMatchObject({ name: "DependencyError", retryable: true });
  client.destroy();
});

describeOnEngine("on the engine", (stores) => {
  test("a table that isn't there is a DependencyError that says what to do", async () => {
    const { engine } = stores();
    const tools = { client: engine.client, meter: capacityMeter(), clock: systemClock() };
    const store = dynamoLeaseStore({ ...tools, tableName: "no-such-table" });
    const call = store.readFleet("default");
    await expect(call).rejects.toMatchObject({ name: "DependencyError", retryable: false });
    await expect(call).rejects.toThrow(/fleet\.read.*deploy it/u);
  });
});
