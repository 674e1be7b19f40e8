import type ipaddr from "ipaddr.js";
import { type Address, embeddedIpv4, readCidr, readWritten } from "./ip-address.ts";
import {
  GLOBAL_IPV6,
  LINK_LOCAL,
  LOOPBACK,
  METADATA,
  MULTICAST,
  PRIVATE,
  SPECIAL_IPV4,
  SPECIAL_IPV6,
  UNSPECIFIED,
} from "./special-purpose.ts";

/** What kind of place an address is. With an IPv4 address inside of an IPv6 one, either of the two makes it so. */
export interface AddressKinds {
  readonly is_private: boolean;
  readonly is_loopback: boolean;
  readonly is_link_local: boolean;
  readonly is_multicast: boolean;
  readonly is_unspecified: boolean;
  /** A cloud's metadata service. */
  readonly is_metadata: boolean;
  /** A host of the public internet, as far as the address tells. */
  readonly is_global: boolean;
}

/** An IP address, as rules see it. With `ok` false everything else is empty, 0 or false. */
export interface IpParts extends AddressKinds {
  readonly ok: boolean;
  readonly error: string;
  /** 4 or 6; an IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`) is 4. */
  readonly version: number;
  /** Dotted decimals, or IPv6 as RFC 5952 writes it. */
  readonly canonical: string;
  /** The IPv4 address inside of an IPv6 one (mapped, NAT64, 6to4, Teredo, ISATAP, compatible); empty when there is none. */
  readonly embedded: string;
}

/** Reads an address as `readAddress` does: what different programs read differently is `ok` false. Never throws. */
export function parseIp(text: string): IpParts {
  const written = readWritten(text);
  if (written === undefined) return NO_ADDRESS;
  const embedded = embeddedIpv4(written);
  const isMapped = written.kind() === "ipv6" && (written as ipaddr.IPv6).isIPv4MappedAddress();
  const address = isMapped ? embedded! : written;
  return {
    ok: true,
    error: "",
    version: address.kind() === "ipv4" ? 4 : 6,
    canonical: textOf(address),
    embedded: embedded === undefined ? "" : textOf(embedded),
    ...(embedded === undefined || isMapped ? kindsOf(address) : either(kindsOf(address), kindsOf(embedded))),
  };
}

/** What is known of something that is no address. */
export const NO_KINDS: AddressKinds = {
  is_private: false,
  is_loopback: false,
  is_link_local: false,
  is_multicast: false,
  is_unspecified: false,
  is_metadata: false,
  is_global: false,
};

const NO_ADDRESS: IpParts = {
  ...{ ok: false, error: "not an IP address", version: 0, canonical: "", embedded: "" },
  ...NO_KINDS,
};

type Blocks = (address: Address) => boolean;

function blocksOf(cidrs: readonly string[]): Blocks {
  const blocks = cidrs.map((cidr) => readCidr(cidr)!);
  return (address) => blocks.some((block) => block.contains(address));
}

const isPrivate = blocksOf(PRIVATE);
const isLoopback = blocksOf(LOOPBACK);
const isLinkLocal = blocksOf(LINK_LOCAL);
const isMulticast = blocksOf(MULTICAST);
const isUnspecified = blocksOf(UNSPECIFIED);
const isMetadata = blocksOf(METADATA);
const isSpecial = blocksOf([...SPECIAL_IPV4, ...SPECIAL_IPV6]);
const isGlobalIpv6 = blocksOf(GLOBAL_IPV6);

function kindsOf(address: Address): AddressKinds {
  const is_metadata = isMetadata(address);
  return {
    is_private: isPrivate(address),
    is_loopback: isLoopback(address),
    is_link_local: isLinkLocal(address),
    is_multicast: isMulticast(address),
    is_unspecified: isUnspecified(address),
    is_metadata,
    is_global: (address.kind() === "ipv4" || isGlobalIpv6(address)) && !isSpecial(address) && !is_metadata,
  };
}

function either(a: AddressKinds, b: AddressKinds): AddressKinds {
  return {
    is_private: a.is_private || b.is_private,
    is_loopback: a.is_loopback || b.is_loopback,
    is_link_local: a.is_link_local || b.is_link_local,
    is_multicast: a.is_multicast || b.is_multicast,
    is_unspecified: a.is_unspecified || b.is_unspecified,
    is_metadata: a.is_metadata || b.is_metadata,
    is_global: a.is_global && b.is_global,
  };
}

/** Without its zone, which means something on one machine only. */
function textOf(address: Address): string {
  return address.kind() === "ipv4" ? address.toString() : (address as ipaddr.IPv6).toRFC5952String().split("%")[0]!;
}
