import { memoryScheduleStore } from "#adapters/memory/schedule-store.ts";
import { scheduleStoreContract } from "#test/contracts/schedule-store.contract.ts";

scheduleStoreContract("memory", () => ({ store: memoryScheduleStore(), pool: "default" }));
