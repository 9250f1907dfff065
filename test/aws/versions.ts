/** What is installed, exactly. The lists in test/aws/packages pin what these need in turn. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { places } from "./places.ts";

/** The oldest minor version that is tried; newer ones of 3 do as long as the packages install. */
export const PYTHON_COMMAND = "python3.11";
export const JAVA_LEAST = 17;

export interface Versions {
  readonly moto: string;
  readonly samCli: string;
  readonly cfnLint: string;
  readonly runtimeClient: string;
  readonly dynamoDbLocal: string;
}

/** Read from the lists themselves, so that none is said that isn't installed. */
export async function pinnedVersions(): Promise<Versions> {
  const read = (name: string): Promise<string> => readFile(join(places.packages, name), "utf8");
  const [python, npm, maven] = await Promise.all([
    read("python.txt"),
    read("package.json"),
    read("pom.xml"),
  ]);
  return {
    moto: found(python, /^moto==(.+)$/mu, "moto"),
    samCli: found(python, /^aws-sam-cli==(.+)$/mu, "aws-sam-cli"),
    cfnLint: found(python, /^cfn-lint==(.+)$/mu, "cfn-lint"),
    runtimeClient: found(npm, /"aws-lambda-ric": "(.+)"/u, "aws-lambda-ric"),
    dynamoDbLocal: found(maven, /DynamoDBLocal<\/artifactId>\s*<version>(.+)</u, "DynamoDBLocal"),
  };
}

function found(text: string, pattern: RegExp, name: string): string {
  const version = pattern.exec(text)?.[1];
  if (version === undefined) throw new Error(`test/aws/packages pins no version of ${name}`);
  return version;
}
