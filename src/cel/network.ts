import ipaddr from "ipaddr.js";
import { CelError } from "./values.ts";

export const INVALID_ADDRESS = new CelError("not an IP address");
export const INVALID_CIDR = new CelError("not a CIDR range");
export const INVALID_DOMAIN_PATTERN = new CelError("`*` may only be the first label of a domain pattern");

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Reads an IP address; IPv4 in IPv6 clothes (`::ffff:10.0.0.1`) comes out as IPv4.
 * SECURITY: only dotted decimals for IPv4. `010.0.0.1`, `0x7f.1` and `2130706433` mean different hosts to different
 * programs, so they are an error and not a guess.
 */
export function parseAddress(text: string): Address | CelError {
  if (text.length > 64) return INVALID_ADDRESS;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  const tail = text.slice(text.lastIndexOf(":") + 1).split("%")[0]!;
  if (!ipaddr.IPv6.isValid(text) || (tail.includes(".") && !ipaddr.IPv4.isValidFourPartDecimal(tail))) {
    return INVALID_ADDRESS;
  }
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

export interface Cidr {
  contains(address: Address): boolean;
}

/** Reads `10.0.0.0/8` or `fd00::/8`; an address alone is a range of one. */
export function parseCidr(text: string): Cidr | CelError {
  const [base, bits, ...rest] = text.split("/") as [string, string?, ...string[]];
  if (rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return INVALID_CIDR;
  const address = parseAddress(base);
  if (address instanceof CelError) return INVALID_CIDR;
  const width = address.kind() === "ipv4" ? 32 : 128;
  // A mapped base counts its bits as IPv6 does.
  const isMapped = width === 32 && base.includes(":");
  const prefix = bits === undefined ? width : Number(bits) - (isMapped ? 96 : 0);
  if (prefix < 0 || prefix > width) return INVALID_CIDR;
  return { contains: (other) => other.kind() === address.kind() && other.match(address as ipaddr.IPv4, prefix) };
}

/** Lower case and without the root's dot: the form in which domains are compared. */
export function normalizeDomain(domain: string): string {
  const lower = domain.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

/** A domain pattern: one domain, or with `suffix` set everything below one; never the domain itself. */
export interface DomainPattern {
  readonly exact?: string;
  /** Starts with a dot. */
  readonly suffix?: string;
}

/** Reads `example.com` or `*.example.com`. */
export function parseDomainPattern(pattern: string): DomainPattern | CelError {
  const normal = normalizeDomain(pattern);
  const isWild = normal.startsWith("*.");
  if ((isWild ? normal.slice(2) : normal).includes("*")) return INVALID_DOMAIN_PATTERN;
  return isWild ? { suffix: normal.slice(1) } : { exact: normal };
}

/** @param domain in the form of `normalizeDomain` */
export function matchesDomain(domain: string, pattern: DomainPattern): boolean {
  if (pattern.exact !== undefined) return domain === pattern.exact;
  return domain.length > pattern.suffix!.length && domain.endsWith(pattern.suffix!);
}
