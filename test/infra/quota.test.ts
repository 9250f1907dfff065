import { expect, it } from "vitest";
import { collectConcurrency, concurrencyNeeded } from "../../infra/quota.ts";
import { readSettings } from "../../infra/settings.ts";

it("two collectors a lease, since a successor polls while its predecessor captures", () => {
  expect(collectConcurrency(readSettings({ collectors: 10 }))).toBe(22);
});

it("rebalancers that overlap and health checks come on top, or lie in what stays unreserved", () => {
  expect(concurrencyNeeded(readSettings({ collectors: 10 }))).toBe(22 + 4 + 2);
  expect(concurrencyNeeded(readSettings({ collectors: 10, reserveConcurrency: true }))).toBe(
    22 + 100,
  );
});
