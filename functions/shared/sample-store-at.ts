/**
 * The sample store of a location.
 *
 * Holds: the SDK's client for S3 is loaded only where it is asked for: it takes longer than all else.
 */
import { filesystemSampleStore } from "#adapters/filesystem/sample-store.ts";
import type { Clock } from "#ports/clock.ts";
import type { SampleStore } from "#ports/sample-store.ts";
import type { SamplesLocation } from "./samples-location.ts";

/** @param clock for back-off. */
export async function sampleStoreAt(location: SamplesLocation, clock: Clock): Promise<SampleStore> {
  switch (location.kind) {
    case "file":
      return filesystemSampleStore({ root: location.root });
    case "s3": {
      const { bucket, prefix } = location;
      const [{ s3Client }, { s3SampleStore }] = await Promise.all([
        import("#adapters/s3/client.ts"),
        import("#adapters/s3/sample-store.ts"),
      ]);
      return s3SampleStore({ client: s3Client(), bucket, prefix, clock });
    }
  }
}
