import { requestStoreContract } from "#test/contracts/request-store.contract.ts";
import { describeOnEngine } from "#test/support/on-engine.ts";

describeOnEngine("on the engine", (stores) => {
  requestStoreContract("dynamodb", () => {
    const { requests, pool } = stores();
    return { store: requests, pool };
  });
});
