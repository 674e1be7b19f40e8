import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAddressGuard, isAllowEntry, isPublic } from "./address-guard.ts";

const guard = createAddressGuard([]);

describe("an address that is not public is refused, in every way to write it", () => {
  test.each([
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.0.192",
    "198.18.0.1",
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::1%lo",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "0:0:0:0:0:ffff:0a00:0001",
    "64:ff9b::169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::8.8.8.8",
    "2002:7f00:1::",
    "2002:0808:0808::1",
    "2001:0:4136:e378::1",
    "2001:db8::1",
    "3fff::1",
    "fec0::1",
    "100::1",
    "5f00::1",
    "",
    "localhost",
    "127.1",
    "2130706433",
  ])("%s", (address) => {
    expect(guard.permits("hooks.example.com", address)).toBe(false);
  });

  test.each([
    "8.8.8.8",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
  ])("%s is public", (address) => {
    expect(guard.permits("hooks.example.com", address)).toBe(true);
  });
});

describe("an address is public exactly when a slow and obvious reading of the registry says so", () => {
  const bytes4 = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 });
  /** Near the edges of every block, where mistakes are made. */
  const edges4 = fc
    .tuple(fc.constantFrom(...SPECIAL_RANGES().flat()), fc.constantFrom(-1, 0, 1))
    .map(([edge, step]) => fromNumber((edge + step + 2 ** 32) % 2 ** 32));
  const ipv4 = fc.oneof(bytes4, edges4);
  const groups6 = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 });
  const first = fc.constantFrom(
    0,
    0x64,
    0x100,
    0x1fff,
    0x2000,
    0x2001,
    0x2002,
    0x2003,
    0x3ffe,
    0x3fff,
    0x4000,
    0xfc00,
    0xfe80,
    0xff02,
  );
  const second = fc.constantFrom(0, 1, 2, 0x1ff, 0x200, 0xdb8, 0xdb9, 0xfff, 0x1000, 0xff9b);
  const near6 = fc.tuple(first, second, groups6).map(([a, b, rest]) => [a, b, ...rest.slice(2)]);

  test("IPv4, as itself, mapped and through NAT64", () => {
    fc.assert(
      fc.property(ipv4, (bytes) => {
        const text = bytes.join(".");
        const expected = isPublicIpv4(bytes);
        expect(isPublic(text), text).toBe(expected);
        const hex = [(bytes[0]! << 8) | bytes[1]!, (bytes[2]! << 8) | bytes[3]!].map((group) => group.toString(16));
        for (const form of [`::ffff:${text}`, `::ffff:${hex.join(":")}`, `0:0:0:0:0:FFFF:${hex.join(":")}`]) {
          expect(isPublic(form), form).toBe(expected);
        }
        expect(isPublic(`64:ff9b::${text}`)).toBe(expected);
        expect(isPublic(`64:ff9b:0:0:0:0:${hex.join(":")}`)).toBe(expected);
        expect(isPublic(`::${text}`)).toBe(false);
        expect(isPublic(`2002:${hex.join(":")}::1`)).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });

  test("IPv6", () => {
    fc.assert(
      fc.property(fc.oneof(groups6, near6), (groups) => {
        const text = groups.map((group) => group.toString(16)).join(":");
        expect(isPublic(text), text).toBe(isPublicIpv6(groups));
      }),
      { numRuns: 5000 },
    );
  });

  function isPublicIpv4(bytes: readonly number[]): boolean {
    const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    return !SPECIAL_RANGES().some(([from, to]) => number >= from && number <= to);
  }

  function isPublicIpv6(groups: readonly number[]): boolean {
    const [a, b] = groups as [number, number];
    const isAllZero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0);
    const embedded = () => groups.slice(6).flatMap((group) => [group >> 8, group & 255]);
    if (isAllZero(0, 5) && groups[5] === 0xffff) return isPublicIpv4(embedded());
    if (a === 0x64 && b === 0xff9b && isAllZero(2, 6)) return isPublicIpv4(embedded());
    if (a < 0x2000 || a > 0x3fff) return false;
    if (a === 0x2001 && (b < 0x200 || b === 0xdb8)) return false;
    return a !== 0x2002 && !(a === 0x3fff && b < 0x1000);
  }

  function fromNumber(number: number): number[] {
    return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256);
  }

  /** First and last address of each block. */
  function SPECIAL_RANGES(): [number, number][] {
    const of = (a: number, b = 0, c = 0, d = 0) => ((a * 256 + b) * 256 + c) * 256 + d;
    return [
      [of(0), of(0, 255, 255, 255)],
      [of(10), of(10, 255, 255, 255)],
      [of(100, 64), of(100, 127, 255, 255)],
      [of(127), of(127, 255, 255, 255)],
      [of(168, 63, 129, 16), of(168, 63, 129, 16)],
      [of(169, 254), of(169, 254, 255, 255)],
      [of(172, 16), of(172, 31, 255, 255)],
      [of(192), of(192, 0, 0, 255)],
      [of(192, 0, 2), of(192, 0, 2, 255)],
      [of(192, 88, 99), of(192, 88, 99, 255)],
      [of(192, 168), of(192, 168, 255, 255)],
      [of(198, 18), of(198, 19, 255, 255)],
      [of(198, 51, 100), of(198, 51, 100, 255)],
      [of(203, 0, 113), of(203, 0, 113, 255)],
      [of(224), of(255, 255, 255, 255)],
    ];
  }
});

describe("an allow-list", () => {
  const own = createAddressGuard(["10.1.0.0/16", "::1", "Hooks.Internal", "127.0.0.1"]);

  test("permits the blocks and hosts that it names, and no others", () => {
    expect(own.permits("any", "10.1.255.1")).toBe(true);
    expect(own.permits("any", "::ffff:10.1.0.1")).toBe(true);
    expect(own.permits("any", "10.2.0.1")).toBe(false);
    expect(own.permits("any", "::1")).toBe(true);
    expect(own.permits("any", "127.0.0.2")).toBe(false);
    expect(own.permits("hooks.internal", "192.168.0.1")).toBe(true);
    expect(own.permits("HOOKS.internal.", "fd00::1")).toBe(true);
    expect(own.permits("x.hooks.internal", "192.168.0.1")).toBe(false);
    expect(own.permits("hooks.internal", "not an address")).toBe(false);
  });

  test.each([
    "10.0.0.0/8",
    "127.0.0.1",
    "::1",
    "fd00::/8",
    "hooks.internal",
    "localhost",
    "a_b.example",
    "xn--bcher-kva.example",
  ])("may have %s", (entry) => expect(isAllowEntry(entry)).toBe(true));

  test.each([
    "",
    "*",
    "*.internal",
    "10.0.0.0/33",
    "10.0.0",
    "::1/129",
    "fe80::1%eth0",
    "http://x",
    "a b",
    "x:80",
    "[::1]",
    "10.0.0.0/",
    "-a",
    "/8",
  ])("may not have %j", (entry) => expect(isAllowEntry(entry)).toBe(false));
});
