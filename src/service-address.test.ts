import { describe, expect, test } from "vitest";
import { toServiceAddress } from "./service-address.ts";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

describe("how to call a service that listens", () => {
  test.each([
    ["on loopback", "http://127.0.0.1:8181", LOOPBACK, { url: "http://127.0.0.1:8181" }],
    ["on localhost", "http://localhost:8181", LOOPBACK, { url: "http://localhost:8181" }],
    ["on every IPv4 address", "http://0.0.0.0:8181", LOOPBACK, { url: "http://127.0.0.1:8181" }],
    ["on every address", "http://[::]:8181", LOOPBACK, { url: "http://[::1]:8181" }],
    ["on every address, spelt out", "http://[0:0::0]:8181", LOOPBACK, { url: "http://[::1]:8181" }],
    ["on an address that has the wildcard in it", "http://10.0.0.0:80", ["10.0.0.0"], { url: "http://10.0.0.0" }],
    ["on a socket", "unix:/run/a b.sock", LOOPBACK, { url: "http://localhost", socketPath: "/run/a b.sock" }],
  ])("%s", (_, listen, allowed, address) => {
    expect(toServiceAddress(listen, allowed)).toEqual(address);
  });

  test.each([
    ["on every address under a name", "http://0.0.0.0:8181", ["verdict.internal"], "verdict.internal"],
    ["on one address under a name", "http://10.0.0.7:8181", ["verdict.internal", "localhost"], "verdict.internal"],
    ["under a name with a port", "http://0.0.0.0:8181", ["verdict.internal:443"], "verdict.internal:443"],
    ["on loopback under another port", "http://127.0.0.1:8181", ["127.0.0.1:9000"], "127.0.0.1:9000"],
    ["on a socket under a name", "unix:/run/verdict.sock", ["verdict.internal"], "verdict.internal"],
  ])("%s: the Host that is sent is one that is allowed", (_, listen, allowed, host) => {
    expect(toServiceAddress(listen, allowed)).toHaveProperty("hostHeader", host);
  });

  test("a Host that is allowed with its port is not replaced", () => {
    expect(toServiceAddress("http://0.0.0.0:8181", ["a", "127.0.0.1:8181"])).not.toHaveProperty("hostHeader");
  });
});
