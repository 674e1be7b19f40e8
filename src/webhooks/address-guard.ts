import { BlockList, isIP, isIPv4 } from "node:net";
import { GLOBAL_IPV6, NAT64, SPECIAL_IPV4, SPECIAL_IPV6 } from "../address/special-purpose.ts";

/** Which addresses may be connected to. */
export interface AddressGuard {
  /** @param host as in the URL; @param address what it stands for, or the host itself where that is a literal */
  permits(host: string, address: string): boolean;
  /** Whether the operator listed this very host, by its name or, where it is an address, by that. */
  lists(host: string): boolean;
}

/** The only IPv6 that can be public: global unicast, and IPv4 written as IPv6 (mapped, NAT64). */
const PUBLIC_IPV6 = listOf([...GLOBAL_IPV6, "::ffff:0:0/96", NAT64]);

const SPECIAL = listOf([...SPECIAL_IPV4, ...SPECIAL_IPV6, ...SPECIAL_IPV4.map(throughNat64)]);

/** @param allow host names, addresses and CIDR blocks, each as `isAllowEntry` accepts it */
export function createAddressGuard(allow: readonly string[]): AddressGuard {
  const blocks = listOf(allow.filter((entry) => cidrOf(entry) !== undefined));
  const hosts = new Set(allow.filter((entry) => cidrOf(entry) === undefined).map(plainHost));
  const isListed = (host: string) => hosts.has(host) || (isIP(host) !== 0 && isIn(blocks, host));
  return {
    permits: (host, address) =>
      isIP(address) !== 0 && (isPublic(address) || isIn(blocks, address) || isListed(plainHost(host))),
    lists: (host) => isListed(plainHost(host)),
  };
}

/** Whether an address is one of the public internet: not private, loopback, link-local, multicast or otherwise special. */
export function isPublic(address: string): boolean {
  if (isIPv4(address)) return !isIn(SPECIAL, address);
  return isIn(PUBLIC_IPV6, address) && !isIn(SPECIAL, address);
}

/** An entry of an allow-list: a host name without wildcards, an address, or a CIDR block. */
export function isAllowEntry(text: string): boolean {
  return cidrOf(text) !== undefined || HOST_NAME.test(text);
}

/** The host of a URL as a resolver, a certificate and an allow-list know it: lower case, no brackets, no last dot. */
export function plainHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

// The last label has a letter: what looks like an address and is none (`10.0.0`, `1.2.3.4/40`) is no name either.
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]{0,62})$/i;

interface Cidr {
  readonly address: string;
  readonly bits: number;
}

function cidrOf(text: string): Cidr | undefined {
  const [address = "", bits, ...rest] = text.split("/");
  // A zone (`fe80::1%eth0`) means something on one machine only.
  if (isIP(address) === 0 || address.includes("%") || rest.length > 0) return undefined;
  const max = isIPv4(address) ? 32 : 128;
  if (bits === undefined) return { address, bits: max };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= max ? { address, bits: Number(bits) } : undefined;
}

function listOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const { address, bits } of cidrs.map((cidr) => cidrOf(cidr)!)) list.addSubnet(address, bits, familyOf(address));
  return list;
}

function throughNat64(cidr: string): string {
  const { address, bits } = cidrOf(cidr)!;
  return `${NAT64.slice(0, -"/96".length)}${address}/${96 + bits}`;
}

const isIn = (list: BlockList, address: string) => list.check(address, familyOf(address));

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv4(address) ? "ipv4" : "ipv6";
}
