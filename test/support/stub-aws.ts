/**
 * As much of AWS as the command line asks for: CloudFormation's DescribeStacks and Lambda's Invoke,
 * on a port of loopback, in the protocols of the services.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { vi } from "vitest";
import { onLoopback } from "./loopback.ts";

export interface StubStack {
  readonly name: string;
  readonly status?: string;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface Invocation {
  readonly functionName: string;
  readonly type: string;
  readonly event: unknown;
}

export interface StubAnswer {
  readonly status: number;
  /** Of the query protocol. */
  readonly code: string;
  readonly message: string;
}

export interface StubAws {
  readonly endpoint: string;
  /** What DescribeStacks knows. */
  readonly stacks: StubStack[];
  readonly invocations: Invocation[];
  /** Answers every DescribeStacks, while it is set. */
  refusal: StubAnswer | undefined;
  /** Functions that Lambda knows; all unless set. */
  functions: readonly string[] | undefined;
  /** Called when a function is asked for that isn't among them. */
  onUnknown: () => void;
  /** What a function answers; it fails where this throws. */
  onInvoke: (invocation: Invocation) => unknown;
  /** `Authorization` of the last request: whose credentials, and for which region. */
  authorization: string;
  close(): Promise<void>;
}

/** What a stack of ours tells; the names are made up. */
export const STUB_OUTPUTS = {
  PoolName: "default",
  LeaseTableName: "Lamplighter-LeaseTable-1",
  TargetTableName: "Lamplighter-TargetTable-1",
  SamplesLocation: "s3://lamplighter-samples-1/samples",
  MetricsNamespace: "Lamplighter",
  RebalanceFunctionName: "Lamplighter-Rebalance-1",
  CollectFunctionName: "Lamplighter-Collect-1",
  HealthCheckFunctionName: "Lamplighter-HealthCheck-1",
  AlarmTopicArn: "arn:aws:sns:eu-central-1:123456789012:Lamplighter-AlarmTopic-1",
};

/** For one test: the SDK finds the stub and a made-up identity, and nothing of the person's own. */
export function useStubAws({ endpoint }: Pick<StubAws, "endpoint">): void {
  for (const name of Object.keys(process.env)) {
    if (/^(?:AWS|LAMPLIGHTER)_/u.test(name)) vi.stubEnv(name, undefined);
  }
  const nowhere = "/dev/null";
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
}

export async function startStubAws(): Promise<StubAws> {
  const stub: Omit<StubAws, "endpoint" | "close"> = {
    stacks: [],
    invocations: [],
    refusal: undefined,
    functions: undefined,
    onUnknown: () => undefined,
    onInvoke: () => ({}),
    authorization: "",
  };
  const server = createServer((request, response) => {
    answer(stub, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  const { endpoint, stop } = await onLoopback(server);
  return Object.assign(stub, {
    endpoint,
    close: stop,
  });
}

type Stub = Omit<StubAws, "endpoint" | "close">;

async function answer(
  stub: Stub,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  stub.authorization = request.headers.authorization ?? "";
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece as Uint8Array)); // a request yields bytes
  const body = Buffer.concat(pieces).toString("utf8");
  const invoked = /^\/2015-03-31\/functions\/(?<name>[^/]+)\/invocations$/u.exec(request.url ?? "");
  const functionName = invoked?.groups?.["name"];
  if (functionName === undefined) {
    describeStacks(stub, new URLSearchParams(body), response);
  } else {
    const type = String(request.headers["x-amz-invocation-type"] ?? "RequestResponse");
    invoke(stub, { functionName: decodeURIComponent(functionName), type, event: JSON.parse(body) as unknown }, response); // prettier-ignore
  }
}

function describeStacks(stub: Stub, form: URLSearchParams, response: ServerResponse): void {
  const wanted = form.get("StackName") ?? "";
  const found = stub.stacks.find(({ name }) => name === wanted);
  const refusal = stub.refusal ?? {
    status: 400,
    code: "ValidationError",
    message: `Stack with id ${wanted} does not exist`,
  };
  if (
    form.get("Action") !== "DescribeStacks" ||
    stub.refusal !== undefined ||
    found === undefined
  ) {
    const { status, code, message } = refusal;
    const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
    response
      .writeHead(status, { "content-type": "text/xml" })
      .end(`<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">${error}<RequestId>r</RequestId></ErrorResponse>`); // prettier-ignore
    return;
  }
  const outputs = Object.entries(found.outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`, // prettier-ignore
  );
  const stack =
    `<StackName>${found.name}</StackName><CreationTime>2026-11-21T12:00:00Z</CreationTime>` +
    `<StackStatus>${found.status ?? "CREATE_COMPLETE"}</StackStatus><Outputs>${outputs.join("")}</Outputs>`;
  response
    .writeHead(200, { "content-type": "text/xml" })
    .end(`<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>${stack}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`); // prettier-ignore
}

function invoke(stub: Stub, invocation: Invocation, response: ServerResponse): void {
  if (stub.functions?.includes(invocation.functionName) === false) {
    stub.onUnknown();
    response
      .writeHead(404, { "x-amzn-errortype": "ResourceNotFoundException" })
      .end(JSON.stringify({ Message: `Function not found: ${invocation.functionName}` }));
    return;
  }
  stub.invocations.push(invocation);
  let result: unknown;
  let failed = false;
  try {
    result = stub.onInvoke(invocation);
  } catch (error) {
    failed = true;
    const { name, message } = error instanceof Error ? error : new Error("");
    result = { errorType: name, errorMessage: message };
  }
  if (invocation.type === "Event") response.writeHead(202).end();
  else {
    response
      .writeHead(200, failed ? { "x-amz-function-error": "Unhandled" } : {})
      .end(JSON.stringify(result));
  }
}
