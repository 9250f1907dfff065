import { leaseStoreContract } from "#test/contracts/lease-store.contract.ts";
import { describeOnEngine } from "#test/support/on-engine.ts";

describeOnEngine("on the engine", (stores) => {
  leaseStoreContract("dynamodb", () => {
    const { leases, pool } = stores();
    return { store: leases, pool };
  });
});
