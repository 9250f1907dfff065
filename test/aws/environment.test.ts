import { expect, it } from "vitest";
import { awsEnvironment, plainEnvironment } from "./environment.ts";

const PERSON = {
  PATH: "/usr/bin",
  HOME: "/home/a",
  AWS_PROFILE: "production",
  AWS_SESSION_TOKEN: "real",
  AWS_ENDPOINT_URL_SQS: "https://elsewhere.example",
  CDK_DEFAULT_ACCOUNT: "999999999999",
  LAMPLIGHTER_STACK: "Lamplighter",
  NODE_OPTIONS: "--inspect",
};

it("lets nothing of the person's own account through", () => {
  expect(Object.keys(plainEnvironment(PERSON)).sort()).toEqual(["HOME", "PATH"]);
  const aws = awsEnvironment(PERSON, 4566);
  expect(JSON.stringify(aws)).not.toMatch(/production|real|elsewhere|999999999999|inspect/u);
});

it("names loopback endpoints only, and files of credentials that are empty", () => {
  const aws = awsEnvironment(PERSON, 4566);
  const endpoints = Object.entries(aws).filter(([name]) => name.startsWith("AWS_ENDPOINT_URL"));
  expect(endpoints).toEqual([
    ["AWS_ENDPOINT_URL", "http://localhost:4566"],
    ["AWS_ENDPOINT_URL_S3", "http://s3.localhost:4566"],
  ]);
  expect(aws).toMatchObject({
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  });
});
