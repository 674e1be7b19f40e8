import ipaddr from "ipaddr.js";

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Reads an IP address; undefined when it is none. IPv4 in IPv6 clothes (`::ffff:10.0.0.1`) comes out as IPv4.
 * SECURITY: only dotted decimals for IPv4. `010.0.0.1`, `0x7f.1` and `2130706433` mean different hosts to different
 * programs, so they are no address and not a guess.
 */
export function readAddress(text: string): Address | undefined {
  const address = readWritten(text);
  return address?.kind() === "ipv6" && (address as ipaddr.IPv6).isIPv4MappedAddress()
    ? (address as ipaddr.IPv6).toIPv4Address()
    : address;
}

/** What every address looks like. Most texts that are looked at are none, and the parser takes a hundred times as long to say so. */
const LOOK = /^(?:[0-9]{1,3}\.|[0-9a-f]{0,4}:)/i;

/** The same as it is written: a mapped address is IPv6. */
export function readWritten(text: string): Address | undefined {
  if (text.length > 64 || !LOOK.test(text)) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  const tail = text.slice(text.lastIndexOf(":") + 1).split("%")[0]!;
  if (!ipaddr.IPv6.isValid(text) || (tail.includes(".") && !ipaddr.IPv4.isValidFourPartDecimal(tail))) return undefined;
  return ipaddr.IPv6.parse(text);
}

export interface Cidr {
  contains(address: Address): boolean;
}

/** Reads `10.0.0.0/8` or `fd00::/8`; an address alone is a range of one. Undefined when it is neither. */
export function readCidr(text: string): Cidr | undefined {
  const [base, bits, ...rest] = text.split("/") as [string, string?, ...string[]];
  if (rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined;
  const address = readAddress(base);
  if (address === undefined) return undefined;
  const width = address.kind() === "ipv4" ? 32 : 128;
  // A mapped base counts its bits as IPv6 does.
  const isMapped = width === 32 && base.includes(":");
  const prefix = bits === undefined ? width : Number(bits) - (isMapped ? 96 : 0);
  if (prefix < 0 || prefix > width) return undefined;
  return { contains: (other) => other.kind() === address.kind() && other.match(address as ipaddr.IPv4, prefix) };
}

/** The IPv4 address that an IPv6 address leads to, by how it is made; undefined where there is none. */
export function embeddedIpv4(address: Address): ipaddr.IPv4 | undefined {
  if (address.kind() === "ipv4") return undefined;
  const bytes = address.toByteArray();
  const form = FORMS.find(({ prefix }) => prefix.every((byte, at) => byte === undefined || byte === bytes[at]));
  if (form === undefined) return undefined;
  const ipv4 = bytes.slice(form.at, form.at + 4).map((byte) => (form.isInverted ? byte ^ 0xff : byte));
  // `::` and `::1` are not IPv4.
  return form.isCompatible && ipv4[0] === 0 ? undefined : new ipaddr.IPv4(ipv4);
}

interface EmbeddingForm {
  /** The bytes it begins with; a hole is any. */
  readonly prefix: readonly (number | undefined)[];
  readonly at: number;
  readonly isInverted?: boolean;
  readonly isCompatible?: boolean;
}

const zeros = (count: number): readonly number[] => new Array<number>(count).fill(0);

const FORMS: readonly EmbeddingForm[] = [
  { prefix: [...zeros(10), 0xff, 0xff], at: 12 }, // mapped (RFC 4291)
  { prefix: [...zeros(8), 0xff, 0xff, 0, 0], at: 12 }, // translated (RFC 2765)
  { prefix: [0, 0x64, 0xff, 0x9b, ...zeros(8)], at: 12 }, // NAT64 (RFC 6052)
  { prefix: [0, 0x64, 0xff, 0x9b, 0, 1], at: 12 }, // NAT64 of one's own (RFC 8215)
  { prefix: [0x20, 0x02], at: 2 }, // 6to4 (RFC 3056)
  { prefix: [0x20, 0x01, 0, 0], at: 12, isInverted: true }, // Teredo (RFC 4380)
  { prefix: [...new Array<undefined>(9).fill(undefined), 0, 0x5e, 0xfe], at: 12 }, // ISATAP (RFC 5214)
  { prefix: zeros(12), at: 12, isCompatible: true }, // compatible (RFC 4291)
];
