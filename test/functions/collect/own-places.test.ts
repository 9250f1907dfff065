import { describe, expect, it } from "vitest";
import { ownPlaces } from "#functions/collect/own-places.ts";

describe("ownPlaces", () => {
  it("names the store, whoever starts functions, and the runtime's own interface", () => {
    const environment = {
      STORE_ENDPOINT: "http://127.0.0.1:8000",
      INVOKE_ENDPOINT: "https://lambda.example.com",
      AWS_LAMBDA_RUNTIME_API: "127.0.0.1:9001",
    };
    expect(ownPlaces(environment)).toEqual([
      "127.0.0.1:8000",
      "lambda.example.com:443",
      "127.0.0.1:9001",
    ]);
  });

  it("names what stands in for a service, and where a container gets its keys", () => {
    const environment = {
      AWS_ENDPOINT_URL: "http://127.0.0.1:5000",
      AWS_ENDPOINT_URL_S3: "http://s3.localhost:5000",
      AWS_ENDPOINT_URL_SSM: "",
      AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:2772/keys",
    };
    expect(ownPlaces(environment)).toEqual([
      "127.0.0.1:5000",
      "s3.localhost:5000",
      "127.0.0.1:2772",
    ]);
  });

  it("names nothing where AWS itself is meant", () => {
    expect(ownPlaces({ STORE_ENDPOINT: "", INVOKE_ENDPOINT: "" })).toEqual([]);
    expect(ownPlaces({})).toEqual([]);
  });
});
