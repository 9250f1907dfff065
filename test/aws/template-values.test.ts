import { expect, it } from "vitest";
import { resolved, type DeployedNames } from "./template-values.ts";

const names: DeployedNames = {
  references: new Map([
    ["Table", "table-1"],
    ["AWS::Region", "eu-central-1"],
  ]),
  attributes: new Map([["Queue", new Map([["Arn", "arn:aws:sqs:queue"]])]]),
};

it("replaces references wherever they stand, and keeps all else", () => {
  const value = {
    Name: { Ref: "Table" },
    List: [{ "Fn::GetAtt": ["Queue", "Arn"] }, 7, true, "text"],
    Joined: { "Fn::Join": ["/", ["s3:", { Ref: "Table" }]] },
    Sub: { "Fn::Sub": "${Table}-in-${AWS::Region}" },
  };
  expect(resolved(value, names)).toEqual({
    Name: "table-1",
    List: ["arn:aws:sqs:queue", 7, true, "text"],
    Joined: "s3:/table-1",
    Sub: "table-1-in-eu-central-1",
  });
});

it.each([
  [{ Ref: "Nobody" }, "Nobody"],
  [{ "Fn::GetAtt": ["Queue", "Url"] }, "Queue.Url"],
  [{ "Fn::Select": [0, []] }, "Fn::Select"],
])("guesses nothing: %j", (value, named) => {
  expect(() => resolved(value, names)).toThrow(named);
});
