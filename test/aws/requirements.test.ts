import { expect, it } from "vitest";
import { findJava, missingRequirements, missingText, type Machine } from "./requirements.ts";

function machine(change: {
  readonly without?: readonly string[];
  readonly java?: string;
  readonly platform?: string;
}): Machine {
  return {
    platform: change.platform ?? "linux",
    architecture: "x64",
    says: (command) => {
      if (change.without?.includes(command) === true) return Promise.resolve(undefined);
      return Promise.resolve(
        command === "java" ? (change.java ?? 'openjdk version "17.0.15"') : "1",
      );
    },
  };
}

it("misses nothing where all is there", async () => {
  expect(await missingRequirements(machine({}))).toEqual([]);
});

it("says what is missing, why, and one command that gets it", async () => {
  const missing = await missingRequirements(machine({ without: ["python3.11", "cmake", "xz"] }));
  expect(missingText(missing)).toBe(
    [
      "missing: Python 3.11 with venv (runs the stand-in for AWS, cfn-lint and sam)",
      "missing: cmake (compiles AWS's runtime)",
      "missing: xz (compiles AWS's runtime)",
      "on Debian 12 and its kin: sudo apt-get install python3 python3-venv cmake xz-utils",
    ].join("\n"),
  );
});

it("says so where AWS's emulator can't run", async () => {
  const [missing, ...others] = await missingRequirements(machine({ platform: "darwin" }));
  expect(missing?.what).toBe("Linux on x64 or arm64 (this is darwin-x64)");
  expect(others).toEqual([]);
});

it.each([
  [{}, "found"],
  [{ java: 'openjdk version "21.0.1"' }, "found"],
  [{ java: 'openjdk version "11.0.2"' }, "missing"],
  [{ java: 'java version "1.8.0_392"' }, "missing"],
  [{ without: ["java"] }, "missing"],
  [{ without: ["mvn"] }, "missing"],
])("finds a Java that DynamoDB Local runs on: %j is %s", async (change, kind) => {
  expect((await findJava(machine(change))).kind).toBe(kind);
});

it("says why it doesn't run what needs Java, and how to get it", async () => {
  const java = await findJava(machine({ java: 'openjdk version "11.0.2"', without: ["mvn"] }));
  expect(java).toEqual({
    kind: "missing",
    why: "not run: Java 11 and no Maven here, needs Java 17 and Maven (sudo apt-get install openjdk-17-jre-headless maven)",
  });
});
