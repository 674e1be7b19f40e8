import type { Destination } from "./activation.ts";
import type { FieldFault } from "./errors.ts";
import { readUrl } from "./read-url.ts";

type Result =
  | { readonly ok: true; readonly value: Destination }
  | { readonly ok: false; readonly faults: readonly FieldFault[] };

/** Ports of schemes that say none. */
export const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  ws: 80,
  wss: 443,
  ftp: 21,
  ssh: 22,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  redis: 6379,
};

/** Schemes whose host the URL parser brings into canonical form; for others it keeps the text. */
const SPECIAL: ReadonlySet<string> = new Set(["http", "https", "ws", "wss", "ftp"]);

/**
 * Completes a destination from its `url` and brings every part into one spelling, so that a rule meets one form only:
 * lower-case host names in ASCII without a trailing dot, dotted IPv4 (`2130706433` is `127.0.0.1`), compressed IPv6.
 * The reading is that of the WHATWG URL Standard, which is what HTTP clients do with the same text.
 *
 * A part that contradicts the `url` is a fault: an agent that says one thing and calls another is not believed. An `ip`
 * beside a host name is no contradiction; it is what the name resolved to.
 */
export function canonicalDestination(given: Destination): Result {
  if (isCanonical(given)) return { ok: true, value: given };
  const faults: FieldFault[] = [];
  const fault = (part: keyof Destination, detail: string) => faults.push({ pointer: `/destination/${part}`, detail });
  const known: Destination = { ...given };

  if (given.scheme !== undefined) known.scheme = given.scheme.toLowerCase();
  if (given.domain !== undefined) {
    const host = canonicalHost(given.domain);
    if (host === undefined) fault("domain", "is not a host name");
    else known.domain = host;
  }
  if (given.ip !== undefined) {
    const ip = canonicalIp(given.ip);
    if (ip === undefined) fault("ip", "is neither an IPv4 nor an IPv6 address");
    else known.ip = ip;
  }
  if (given.url !== undefined) completeFromUrl(given.url, given, known, fault);
  // A host given as an address is an address, whatever it was called.
  if (known.domain !== undefined) {
    const ip = asIp(known.domain);
    if (ip !== undefined && known.ip !== undefined && known.ip !== ip) fault("ip", "contradicts the host");
    else if (ip !== undefined) known.ip = ip;
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: known };
}

/** Whether there is nothing to do, which is quickly said for the most usual destinations. */
const isCanonical = ({ url, ip, domain, scheme }: Destination) =>
  url === undefined &&
  ip === undefined &&
  (scheme === undefined || /^[a-z0-9+.-]*$/.test(scheme)) &&
  (domain === undefined || isPlainHost(domain));

function completeFromUrl(
  text: string,
  given: Destination,
  known: Destination,
  fault: (part: keyof Destination, detail: string) => void,
): void {
  const url = isUnambiguousUrl(text) ? readUrl(text) : undefined;
  if (url === undefined) {
    fault("url", "is not an absolute URL (`scheme://host/path`, without spaces, control characters or backslashes)");
    return;
  }
  const scheme = url.protocol.slice(0, -1);
  url.pathname = canonicalPath(url.pathname);
  if (SPECIAL.has(scheme) && url.hostname.endsWith(".")) url.hostname = url.hostname.slice(0, -1);
  known.url = url.href;

  if (given.scheme !== undefined && known.scheme !== scheme) fault("scheme", "contradicts `url`");
  known.scheme = scheme;

  if (url.hostname !== "") {
    const host = SPECIAL.has(scheme) ? canonicalHostname(url.hostname) : canonicalHost(url.hostname);
    if (host === undefined) fault("url", "has a host that is not a host name");
    else if (given.domain !== undefined && known.domain !== host) fault("domain", "contradicts `url`");
    else known.domain = host;
  } else if (given.domain !== undefined) fault("domain", "contradicts `url`, which has no host");

  const port = url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port);
  if (given.port !== undefined && port !== undefined && given.port !== port) fault("port", "contradicts `url`");
  if (port !== undefined) known.port = port;

  if (given.path !== undefined) {
    const path = canonicalPath(given.path);
    if (path !== url.pathname && path !== url.pathname + url.search) fault("path", "contradicts `url`");
  }
  known.path = url.pathname;
}

/**
 * SECURITY: the URL Standard repairs what other clients read differently: `https://good.example\\@evil.example/` goes to
 * the one host in a browser and to the other in curl. What needs repair is refused.
 */
export function isUnambiguousUrl(url: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\\\x00-\x20\x7f]/.test(url)) return false;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  return scheme !== undefined && (!SPECIAL.has(scheme) || /^[^:]+:\/\/[^/?#]/.test(url));
}

/** Characters that need no percent-encoding are not encoded, and hex digits are upper case (RFC 3986 section 6.2.2). */
export function canonicalPath(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : encoded.toUpperCase();
  });
}

/** The host as the URL Standard reads it in an `http` URL, without brackets or trailing dot; undefined when it is none. */
export function canonicalHost(host: string): string | undefined {
  if (isPlainHost(host)) return host;
  // SECURITY: anything that would end the host must not be read as path, port or user.
  if (/[/\\?#@\s]/.test(host)) return undefined;
  const bare = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  if (bare.startsWith("[") && !bare.endsWith("]")) return undefined;
  const url = readUrl(`http://${bare}/`);
  return url && canonicalHostname(url.hostname);
}

/** Names that the URL parser would give back as they are, which is nearly all of them; it takes a microsecond to say so. */
const isPlainHost = (host: string) =>
  host.length <= 253 && /^(?:[a-z0-9][a-z0-9-]*\.)*[a-z][a-z0-9-]*$/.test(host) && !host.includes("xn--");

/** From a `hostname` that the URL parser made for a special scheme: it is canonical but for brackets and trailing dot. */
function canonicalHostname(hostname: string): string | undefined {
  if (hostname.startsWith("[")) return unmapped(hostname.slice(1, -1));
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  return name === "" ? undefined : name;
}

/** `::ffff:7f00:1` reaches 127.0.0.1, so it is called that (RFC 4291 section 2.5.5.2). */
function unmapped(ipv6: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(ipv6) ?? [];
  if (high === undefined || low === undefined) return ipv6;
  const bits = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return bits.flatMap((word) => [word >> 8, word & 0xff]).join(".");
}

const canonicalIp = (ip: string) => {
  const host = canonicalHost(ip);
  return host === undefined ? undefined : asIp(host);
};

/** A canonical host that is an address: only IPv6 has a colon, and only IPv4 ends in a number (WHATWG URL, 3.5). */
const asIp = (host: string) => (host.includes(":") || /(^|\.)\d+$/.test(host) ? host : undefined);
