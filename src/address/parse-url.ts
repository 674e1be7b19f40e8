import { domainToUnicode } from "node:url";
import { canonicalHost, canonicalPath, DEFAULT_PORTS, isUnambiguousUrl } from "../model/destination.ts";
import { readUrl } from "../model/read-url.ts";
import { type DomainParts, domainPartsOf } from "./domain-list.ts";
import { readAddress } from "./ip-address.ts";
import { type AddressKinds, NO_KINDS, parseIp } from "./parse-ip.ts";
import { ANY_ADDRESS_DOMAINS, METADATA_NAMES } from "./special-purpose.ts";

/** A URL, as rules see it: in the canonical form in which `destination` arrives, too. */
export interface UrlParts {
  /** An absolute URL that every client reads the same. */
  readonly ok: boolean;
  readonly error: string;
  readonly scheme: string;
  /** Percent-encoded, as in the URL. */
  readonly username: string;
  readonly has_userinfo: boolean;
  /** Lower case, ASCII, without brackets and last dot; dotted decimals however an IPv4 address was written. */
  readonly host: string;
  /** That of the scheme when none is written, 0 when that has none. */
  readonly port: number;
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  /** Without `#`. */
  readonly fragment: string;
  /** `example.co.uk` of `www.example.co.uk`; empty for addresses and names without a suffix. */
  readonly registrable_domain: string;
  readonly subdomain: string;
  readonly public_suffix: string;
  readonly is_ip: boolean;
  /** The host when it is an address. */
  readonly ip: string;
  /** A label of the host is in punycode. */
  readonly is_punycode: boolean;
  readonly unicode_host: string;
  readonly is_private: boolean;
  readonly is_loopback: boolean;
  readonly is_link_local: boolean;
  readonly is_metadata: boolean;
  readonly is_global: boolean;
  /** Written in a way that hides where it leads: see `isObfuscated`. */
  readonly is_obfuscated: boolean;
}

/** UTF-16 units. */
const URL_LENGTH_MAX = 8_192;

/**
 * Takes a URL apart as the WHATWG URL Standard reads it. Never throws after `loadDomainList`.
 *
 * SECURITY: what clients read differently (`http:/\good.example@evil.example`) is `ok` false, and its parts are empty so that
 * none is on any list; the kinds of host (`is_private` and so on) tell of the host that the standard finds all the same.
 */
export function parseUrl(text: string): UrlParts {
  if (text.length > URL_LENGTH_MAX) return refused(`longer than ${URL_LENGTH_MAX} characters`, NO_HOST);
  // Most texts that are looked at have no scheme, and the parser takes long to say so.
  const url = text.includes(":") ? readUrl(text) : undefined;
  if (url === undefined) return NO_URL;
  const host = url.hostname === "" ? "" : canonicalHost(url.hostname);
  if (host === undefined) return refused("has a host that is not a host name", NO_HOST);
  const hostParts = hostPartsOf(host);
  if (!isUnambiguousUrl(text)) return refused("programs read it differently", hostParts);
  const scheme = url.protocol.slice(0, -1);
  return {
    ok: true,
    error: "",
    scheme,
    username: url.username,
    has_userinfo: url.username !== "" || url.password !== "" || /^[^/?#]*\/\/[^/?#]*@/.test(text),
    host,
    port: url.port === "" ? (DEFAULT_PORTS[scheme] ?? 0) : Number(url.port),
    path: canonicalPath(url.pathname),
    query: url.search.slice(1),
    fragment: url.hash.slice(1),
    ...hostParts,
    is_obfuscated: isObfuscated(text, host) || hostParts.is_obfuscated,
  };
}

type HostParts = Pick<
  UrlParts,
  | "registrable_domain"
  | "subdomain"
  | "public_suffix"
  | "is_ip"
  | "ip"
  | "is_punycode"
  | "unicode_host"
  | "is_private"
  | "is_loopback"
  | "is_link_local"
  | "is_metadata"
  | "is_global"
  | "is_obfuscated"
>;

const NO_NAMES = { registrable_domain: "", subdomain: "", public_suffix: "", is_ip: false, ip: "" };

const NO_HOST: HostParts = {
  ...NO_NAMES,
  is_punycode: false,
  unicode_host: "",
  ...placesOf(NO_KINDS),
  is_obfuscated: false,
};

function hostPartsOf(host: string): HostParts {
  if (host === "") return NO_HOST;
  if (readAddress(host) !== undefined) {
    const kinds = parseIp(host);
    const isHidden = kinds.embedded !== "";
    return { ...NO_HOST, is_ip: true, ip: host, unicode_host: host, ...placesOf(kinds), is_obfuscated: isHidden };
  }
  const domain = domainPartsOf(host);
  const isAnyAddress = ANY_ADDRESS_DOMAINS.has(domain.registrable);
  return {
    ...NO_NAMES,
    registrable_domain: domain.registrable,
    subdomain: domain.subdomain,
    public_suffix: domain.suffix,
    is_punycode: /(?:^|\.)xn--/.test(host),
    unicode_host: domainToUnicode(host) || host,
    ...placesOfName(host, domain, isAnyAddress),
    is_obfuscated: isAnyAddress,
  };
}

/** For a connection, "this network" is this machine. */
function placesOf(kinds: AddressKinds) {
  const { is_private, is_loopback, is_unspecified, is_link_local, is_metadata, is_global } = kinds;
  return { is_private, is_loopback: is_loopback || is_unspecified, is_link_local, is_metadata, is_global };
}

const LOOPBACK_NAME = /(?:^|\.)localhost(?:\.localdomain|[46])?$|^(?:ip6-|local)?(?:loopback|localhost)$/;
/** Names that mean something inside of one network only (RFC 6762, RFC 8375, ICANN's `.internal`, and usage). */
const INSIDE_NAME = /\.(?:internal|intranet|private|local|localdomain|lan|home|corp|home\.arpa|svc|cluster\.local)$/;

/** By the name alone: what it resolves to is only known when it is resolved. */
function placesOfName(host: string, { registrable, isListed }: DomainParts, isAnyAddress: boolean) {
  const is_loopback = LOOPBACK_NAME.test(host);
  const is_metadata = METADATA_NAMES.has(host);
  const is_private = !is_loopback && (!host.includes(".") || INSIDE_NAME.test(host));
  const isInside = is_loopback || is_metadata || is_private;
  const is_global = isListed && registrable !== "" && !isInside && !isAnyAddress;
  return { is_private, is_loopback, is_link_local: host.endsWith(".local"), is_metadata, is_global };
}

/**
 * Whether the host is not written as what it is: an IPv4 address in octal, hexadecimal or one number, percent-encoded
 * letters, wide or invisible characters, a `。` for a dot. A name in its own script is not hidden, nor are capitals.
 */
function isObfuscated(text: string, host: string): boolean {
  const written = /^[^/?#]*\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/.exec(text)?.[1];
  if (written === undefined) return false;
  if (written.startsWith("[")) return !host.includes(":");
  const plain = written.toLowerCase().replace(/\.$/, "");
  return plain !== host && plain.normalize("NFC") !== domainToUnicode(host);
}

const NO_URL = refused("not an absolute URL", NO_HOST);

/** INVARIANT: no text of it is one that an allow-list could have. */
function refused(error: string, seen: HostParts): UrlParts {
  return {
    ...{ ok: false, error, scheme: "", username: "", has_userinfo: false },
    ...{ host: "", port: 0, path: "", query: "", fragment: "" },
    ...seen,
    ...NO_NAMES,
    unicode_host: "",
    is_global: false,
    is_obfuscated: true,
  };
}
