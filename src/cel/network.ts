import { type Address, type Cidr, readAddress, readCidr } from "../address/index.ts";
import { CelError } from "./values.ts";

export type { Address };

export const INVALID_ADDRESS = new CelError("not an IP address");
export const INVALID_CIDR = new CelError("not a CIDR range");
export const INVALID_DOMAIN_PATTERN = new CelError("`*` may only be the first label of a domain pattern");

/** As `readAddress`. */
export function parseAddress(text: string): Address | CelError {
  return readAddress(text) ?? INVALID_ADDRESS;
}

/** As `readCidr`. */
export function parseCidr(text: string): Cidr | CelError {
  return readCidr(text) ?? INVALID_CIDR;
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
