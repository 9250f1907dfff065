/** What the run tells its suites: where the stand-ins are. */
import * as z from "zod";

const port = z.coerce.number().int().positive();

const told = z
  .object({
    TEST_AWS_MOTO_PORT: port,
    TEST_AWS_DYNAMODB_LOCAL_PORT: z.union([z.literal("").transform(() => undefined), port]),
    TEST_AWS_DEPLOYED: z.enum(["yes", ""]),
  })
  .transform((environment) => ({
    motoPort: environment.TEST_AWS_MOTO_PORT,
    motoEndpoint: `http://localhost:${environment.TEST_AWS_MOTO_PORT}`,
    dynamoDbLocalPort: environment.TEST_AWS_DYNAMODB_LOCAL_PORT,
    isDeployed: environment.TEST_AWS_DEPLOYED === "yes",
  }));

export type Told = z.output<typeof told>;

/** @throws when the suites are run without what starts the stand-ins. */
export function whatWeAreTold(): Told {
  const parsed = told.safeParse(process.env);
  if (parsed.success) return parsed.data;
  throw new Error("these suites are run by `npm run test:aws`, which starts the stand-ins");
}
