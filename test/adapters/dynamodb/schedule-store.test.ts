import { scheduleStoreContract } from "#test/contracts/schedule-store.contract.ts";
import { describeOnEngine } from "#test/support/on-engine.ts";

describeOnEngine("on the engine", (stores) => {
  scheduleStoreContract("dynamodb", () => {
    const { schedules, pool } = stores();
    return { store: schedules, pool };
  });
});
