import { memoryHealthMemory } from "#adapters/memory/health-memory.ts";
import { healthMemoryContract } from "#test/contracts/health-memory.contract.ts";

healthMemoryContract("in memory", () => ({ memory: memoryHealthMemory(), pool: "p" }));
