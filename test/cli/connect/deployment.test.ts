/** Asking CloudFormation for a stack. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeDeployment } from "#cli/connect/deployment.ts";
import { useStubAws } from "#test/support/stub-aws.ts";

let server: Server;
let asked = 0;

beforeAll(async () => {
  server = createServer(() => {
    asked += 1;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

test("a CloudFormation that doesn't answer is given up, and it is said that waiting may help", async () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  useStubAws({ endpoint: `http://127.0.0.1:${address.port}` });
  const choice = { name: "Lamplighter", from: "--stack" } as const;
  await expect(describeDeployment(choice, 1_000)).rejects.toMatchObject({
    name: "DependencyError",
    message: expect.stringMatching(
      /^reading stack Lamplighter in eu-central-1: TimeoutError/u,
    ) as string,
    retryable: true,
  });
  expect(asked).toBe(3);
});
