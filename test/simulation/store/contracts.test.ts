/** The stores' contracts, through the real adapters, on the simulated store. */
import { describe } from "vitest";
import { leaseStoreContract } from "#test/contracts/lease-store.contract.ts";
import { requestStoreContract } from "#test/contracts/request-store.contract.ts";
import { scheduleStoreContract } from "#test/contracts/schedule-store.contract.ts";
import { simulatedStores } from "./simulated-stores.ts";

describe("on the simulated store", () => {
  leaseStoreContract("simulated", () => ({ store: simulatedStores().leases, pool: "p" }));
  scheduleStoreContract("simulated", () => ({ store: simulatedStores().schedules, pool: "p" }));
  requestStoreContract("simulated", () => ({ store: simulatedStores().requests, pool: "p" }));
});
