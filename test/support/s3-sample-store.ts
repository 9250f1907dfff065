/**
 * A sample store on anything that speaks S3: the stub, or a server of another kind. Each is below a
 * prefix of its own, so that many tests share one bucket.
 */
import { CreateBucketCommand, DeleteObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { randomUUID } from "node:crypto";
import { s3Client, type S3ClientOptions } from "#adapters/s3/client.ts";
import { s3SampleStore } from "#adapters/s3/sample-store.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { SampleStoreUnderTest } from "#test/contracts/sample-store.contract.ts";

export interface S3UnderTest extends S3ClientOptions {
  readonly bucket: string;
}

export interface S3StoresUnderTest {
  readonly client: S3Client;
  /** A store that nobody else has. */
  make(): Promise<SampleStoreUnderTest & { readonly prefix: string }>;
  close(): void;
}

/** Makes the bucket; close it when the tests are done. */
export async function s3SampleStoresUnderTest({
  bucket,
  ...options
}: S3UnderTest): Promise<S3StoresUnderTest> {
  const client = s3Client(options);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    client,
    make() {
      const prefix = `samples/${randomUUID()}`;
      const store = s3SampleStore({ client, bucket, prefix, clock: systemClock() });
      return Promise.resolve({
        store,
        prefix,
        async remove(key) {
          await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${prefix}/${key}` }));
        },
      });
    },
    close() {
      client.destroy();
    },
  };
}
