import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { AssetHashType, DockerImage } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";

const root = fileURLToPath(new URL("../", import.meta.url));
const BUNDLE_MAX_MS = 60_000;

/**
 * The bundle of a function as an asset: named by what comes out of bundling, so that it changes when
 * the function does and not otherwise. Bundled here, without Docker, by the same code as in tests.
 */
export function functionCode(folder: string): Code {
  return Code.fromAsset(`${root}${folder}`, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry("not-used"),
      local: {
        tryBundle(outdir) {
          execFileSync(process.execPath, [`${root}infra/bundle.ts`, folder, outdir], {
            cwd: root,
            stdio: ["ignore", "ignore", "inherit"],
            timeout: BUNDLE_MAX_MS,
          });
          return true;
        },
      },
    },
  });
}
