import { memorySampleStore } from "#adapters/memory/sample-store.ts";
import { sampleStoreContract } from "#test/contracts/sample-store.contract.ts";

sampleStoreContract("memory", () => {
  const store = memorySampleStore();
  const remove = (key: string): Promise<void> => {
    store.remove(key);
    return Promise.resolve();
  };
  return Promise.resolve({ store, remove });
});
