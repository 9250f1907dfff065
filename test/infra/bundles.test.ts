import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manifest, type FunctionName } from "#functions/manifest.ts";
import { BUDGETS } from "../../infra/budgets.ts";
import { bundleSizes } from "../../infra/bundle-sizes.ts";
import { bundle } from "../../infra/bundling.ts";

const START_MAX_MS = 20_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bundles-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const LOCATIONS: Readonly<Record<string, string>> = {
  SAMPLES_LOCATION: "s3://bucket/samples",
  METRICS_LOCATION: "cloudwatch:Lamplighter",
};

function deployed(name: FunctionName): Record<string, string> {
  const required = manifest[name].environment.map((key) => [key, LOCATIONS[key] ?? "x"] as const);
  return { ...Object.fromEntries(required), AWS_REGION: "eu-central-1" };
}

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** Imports a bundle in a process of its own, with nothing in its environment but what is given. */
async function imported(
  name: FunctionName,
  environment: Readonly<Record<string, string>>,
  script: string,
): Promise<Ran> {
  const file = join(folder, name, "index.mjs");
  const program = `const loaded = await import(${JSON.stringify(file)});\n${script}\nprocess.exit();`;
  return promisify(execFile)(
    process.execPath,
    ["--enable-source-maps", "--input-type=module", "--eval", program],
    { env: environment, timeout: START_MAX_MS },
  );
}

describe.each(Object.values(manifest))("bundle of $name", ({ name, folder: sources }) => {
  let built: Metafile;

  beforeAll(async () => {
    built = await bundle({ folder: sources, outdir: join(folder, name) });
  });

  it("holds what runs, and nothing of infra, the local cloud, the command line or tests", () => {
    const strangers =
      /^(infra|local|cli|test|bench)\/|node_modules\/(aws-cdk-lib|constructs|vitest|commander)\//u;
    const inputs = Object.keys(built.inputs);
    expect(inputs).toContain(`${sources}/handler.ts`);
    expect(inputs.filter((input) => strangers.test(input))).toEqual([]);
  });

  it("is within its budget, all of its files together and those that are parsed at the start", () => {
    const { totalBytes, initialBytes } = bundleSizes(built);
    expect(totalBytes).toBeLessThanOrEqual(BUDGETS[name].totalBytes);
    expect(initialBytes).toBeLessThanOrEqual(BUDGETS[name].initialBytes);
    expect(initialBytes).toBeGreaterThan(0);
  });

  it("is the same when it is built again, so that its asset changes only with its sources", async () => {
    const again = await bundle({ folder: sources, outdir: join(folder, `again-${name}`) });
    const names = ({ outputs }: Metafile): string[] =>
      Object.entries(outputs).map(([file, { bytes }]) => `${basename(file)} ${bytes}`);
    expect(names(again)).toEqual(names(built));
  });

  it("starts with the variables that the manifest names, and offers a handler", async () => {
    const { stdout } = await imported(
      name,
      deployed(name),
      "console.log(typeof loaded.handler, Object.keys(loaded).join());",
    );
    expect(stdout.trim()).toBe("function handler");
  });

  it("names our own files and lines when it can't start", async () => {
    const { LEASE_TABLE_NAME: _left, ...incomplete } = deployed(name);
    const refused = imported(name, incomplete, "");
    await expect(refused).rejects.toMatchObject({
      stderr: expect.stringMatching(
        /LEASE_TABLE_NAME[^]*functions\/shared\/parse\.ts:\d+/u,
      ) as string,
    });
  });
});

describe("a bundled function", () => {
  let aws: Server;
  let endpoint: string;
  let seen: IncomingMessage[];

  /** Answers as the container's address for credentials does, and refuses all calls. */
  beforeAll(async () => {
    seen = [];
    aws = createServer((request, response) => {
      request.resume();
      seen.push(request);
      if (request.url !== "/credentials") {
        response.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
        response.end(JSON.stringify({ __type: "AccessDeniedException", message: "refused" }));
        return;
      }
      const Expiration = new Date(Date.now() + 3_600_000).toISOString();
      const keys = { AccessKeyId: "FROMADDRESS", SecretAccessKey: "s", Token: "t", Expiration };
      response.writeHead(200).end(JSON.stringify(keys));
    }).listen(0, "127.0.0.1");
    await once(aws, "listening");
    const address = aws.address();
    endpoint = `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`;
  });

  afterAll(() => {
    aws.closeAllConnections();
    aws.close();
  });

  const invoke = `
    const endsAt = Date.now() + 8_000;
    const context = { awsRequestId: "r", getRemainingTimeInMillis: () => endsAt - Date.now() };
    await loaded.handler({}, context).catch((error) => console.log(error.name, error.message));`;

  const where = (): Record<string, string> => ({
    ...deployed("rebalance"),
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  });

  it("signs with the credentials of its environment, as Lambda gives them", async () => {
    const keys = {
      AWS_ACCESS_KEY_ID: "FROMENV",
      AWS_SECRET_ACCESS_KEY: "s",
      AWS_SESSION_TOKEN: "t",
    };
    const { stdout } = await imported("rebalance", { ...where(), ...keys }, invoke);
    expect(stdout).toContain("AccessDenied");
    expect(seen.at(-1)?.headers.authorization).toContain("Credential=FROMENV/");
    expect(seen.at(-1)?.headers["x-amz-security-token"]).toBe("t");
  });

  it("signs with those of the container's address, where there are none in its environment", async () => {
    const address = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/credentials` };
    const { stdout } = await imported("rebalance", { ...where(), ...address }, invoke);
    expect(stdout).toContain("AccessDenied");
    expect(seen.at(-1)?.headers.authorization).toContain("Credential=FROMADDRESS/");
  });
});
