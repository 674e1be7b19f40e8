import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Destination } from "./activation.ts";
import { canonicalDestination } from "./destination.ts";

const complete = (given: Destination) => {
  const result = canonicalDestination(given);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.value;
};
const faultsOf = (given: Destination) => {
  const result = canonicalDestination(given);
  return result.ok ? [] : result.faults.map(({ pointer }) => pointer);
};

describe("a destination", () => {
  test("is completed from its url", () => {
    expect(complete({ url: "https://API.Stripe.com/v1/refunds?x=1" })).toEqual({
      url: "https://api.stripe.com/v1/refunds?x=1",
      scheme: "https",
      domain: "api.stripe.com",
      port: 443,
      path: "/v1/refunds",
    });
    expect(complete({ url: "http://10.0.0.1:8080" })).toMatchObject({ domain: "10.0.0.1", ip: "10.0.0.1", port: 8080 });
    expect(complete({ url: "postgres://db.EXAMPLE.com/app" })).toMatchObject({ domain: "db.example.com", port: 5432 });
    expect(complete({ url: "file:///etc/passwd" })).toEqual({
      url: "file:///etc/passwd",
      scheme: "file",
      path: "/etc/passwd",
    });
  });

  test.each([
    ["http://2130706433/", "127.0.0.1"],
    ["http://0x7f.1/", "127.0.0.1"],
    ["http://0177.0.0.1/", "127.0.0.1"],
    ["http://127.1/", "127.0.0.1"],
    ["http://[::ffff:169.254.169.254]/", "169.254.169.254"],
    ["http://[0:0:0:0:0:0:0:1]/", "::1"],
    ["http://１２７.０.０.１/", "127.0.0.1"],
    ["redis://2130706433:6379", "127.0.0.1"],
    ["https://user:pass@169.254.169.254/", "169.254.169.254"],
    ["http://api.example.com@10.1.2.3/", "10.1.2.3"],
    ["http://169.254.169.254./", "169.254.169.254"],
  ])("%s goes to %s, however it is spelt", (url, ip) => {
    expect(complete({ url }).ip).toBe(ip);
  });

  test.each([
    ["EXAMPLE.com.", "example.com"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["0x7f000001", "127.0.0.1"],
    ["::1", "::1"],
  ])("the domain %s is %s", (domain, expected) => {
    expect(complete({ domain }).domain).toBe(expected);
  });

  test("parts that contradict the url are faults, one each", () => {
    const url = "https://api.example.com/v1";
    expect(faultsOf({ url, domain: "evil.example" })).toEqual(["/destination/domain"]);
    expect(faultsOf({ url, scheme: "http" })).toEqual(["/destination/scheme"]);
    expect(faultsOf({ url, port: 80 })).toEqual(["/destination/port"]);
    expect(faultsOf({ url, path: "/v2" })).toEqual(["/destination/path"]);
    expect(faultsOf({ url: "http://10.0.0.1/", ip: "10.0.0.2" })).toEqual(["/destination/ip"]);
    expect(faultsOf({ url: "file:///x", domain: "a.example" })).toEqual(["/destination/domain"]);
    expect(faultsOf({ domain: "10.0.0.1", ip: "10.0.0.2" })).toEqual(["/destination/ip"]);
  });

  test("parts that agree in another spelling do not contradict", () => {
    const given = {
      url: "https://api.example.com/v1?q",
      domain: "API.example.com.",
      scheme: "HTTPS",
      port: 443,
      path: "/v1?q",
    };
    expect(faultsOf(given)).toEqual([]);
    expect(faultsOf({ url: "https://api.example.com", ip: "203.0.113.9" })).toEqual([]);
  });

  test.each([
    [{ url: "/relative" }, "/destination/url"],
    [{ url: "not a url" }, "/destination/url"],
    [{ domain: "a.example/path" }, "/destination/domain"],
    [{ domain: "user@a.example" }, "/destination/domain"],
    [{ domain: "a.example:80" }, "/destination/domain"],
    [{ domain: "[::1]:80" }, "/destination/domain"],
    [{ ip: "300.1.1.1" }, "/destination/ip"],
    [{ ip: "a.example" }, "/destination/ip"],
    [{ ip: "fe80::1%eth0" }, "/destination/ip"],
  ])("%j is refused", (given, pointer) => {
    expect(faultsOf(given)).toEqual([pointer]);
  });

  test.each([
    "https://pypi.org\\@10.0.0.1/",
    "https://good.example\t.evil.example/",
    "https:good.example",
    "https:///good.example/",
    "https://good.example/a b",
    "https://good.example/\u0000",
    " https://good.example/",
    "http:\\\\good.example",
    "https:/good.example",
    "https://?x",
  ])("%j is refused: clients differ in what they make of it", (url) => {
    expect(faultsOf({ url })).toEqual(["/destination/url"]);
  });

  test("url and path have one spelling", () => {
    expect(complete({ url: "HTTP://EVIL.example.:80/%61dmin/%2fx/%7Ey" })).toMatchObject({
      url: "http://evil.example/admin/%2Fx/~y",
      path: "/admin/%2Fx/~y",
    });
    expect(faultsOf({ url: "https://a.example/%61", path: "/a" })).toEqual([]);
  });

  test("a host name is read as a URL parser reads it", () => {
    const label = fc.stringMatching(/^[a-zA-Z0-9-]{1,8}$/);
    const name = fc.oneof(
      fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join(".")),
      fc.domain(),
    );
    fc.assert(
      fc.property(
        fc.oneof(name, fc.constantFrom("xn--a", "a.xn--mnchen-3ya.de", "a.0x7f", "a.b1", "1.2.3.x4")),
        (domain) => {
          const url = `http://${domain}/`;
          if (URL.canParse(url)) expect(complete({ domain }).domain).toBe(new URL(url).hostname);
          else expect(faultsOf({ domain })).toEqual(["/destination/domain"]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("completing twice changes nothing, and nothing throws", () => {
    const anyText = fc.oneof(fc.webUrl(), fc.ipV4(), fc.ipV6(), fc.domain(), fc.string({ unit: "binary" }));
    const any = fc.record({ url: anyText, domain: anyText, ip: anyText, scheme: fc.string() }, { requiredKeys: [] });
    fc.assert(
      fc.property(any, (given) => {
        const first = canonicalDestination(given);
        if (!first.ok) return;
        expect(canonicalDestination(first.value)).toEqual(first);
      }),
      { numRuns: 3000 },
    );
  });
});
