import { isIPv4, isIPv6 } from "node:net";
import { readUrl } from "../model/read-url.ts";

/**
 * Readers of one variable's text. Each returns undefined for text that is not allowed; what is allowed is described
 * beside the variable.
 */

export type ListenAddress =
  | { readonly kind: "tcp" /** Without brackets. */; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Linux keeps 108 bytes for a socket's path, the closing NUL included. */
const SOCKET_PATH_BYTES_MAX = 107;

export function parseListen(text: string): ListenAddress | undefined {
  if (text.startsWith("unix:")) {
    const path = parseSocketPath(text.slice("unix:".length));
    return path === undefined ? undefined : { kind: "unix", path };
  }
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, ipv6, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (ipv6 !== undefined) return isIPv6(ipv6) ? { kind: "tcp", host: ipv6, port } : undefined;
  if (name === undefined || !(isIPv4(name) || name === "localhost")) return undefined;
  return { kind: "tcp", host: name, port };
}

/** A path as given, of a socket. */
export function parseSocketPath(text: string): string | undefined {
  return text === "" || Buffer.byteLength(text) > SOCKET_PATH_BYTES_MAX ? undefined : parsePath(text);
}

/** Lower case, IPv6 in brackets, the port kept where one was given. No wildcards: SECURITY.md says what the list is for. */
export function parseHosts(text: string): readonly string[] | undefined {
  const hosts = text.split(",").map((entry) => parseHost(entry.trim()));
  return hosts.every((host) => host !== undefined) ? [...new Set(hosts)] : undefined;
}

function parseHost(entry: string): string | undefined {
  if (isIPv6(entry)) return `[${entry.toLowerCase()}]`;
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::(\d{1,5}))?$/i.exec(entry);
  if (match === null) return undefined;
  const [, host = "", port] = match;
  if (host.startsWith("[") && !isIPv6(host.slice(1, -1))) return undefined;
  if (port === undefined) return host.toLowerCase();
  return Number(port) >= 1 && Number(port) <= 65_535 ? `${host.toLowerCase()}:${Number(port)}` : undefined;
}

const BYTE_UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

export function parseBytes(text: string, min: number, max: number): number | undefined {
  const match = /^(\d{1,15})(B|KiB|MiB|GiB)?$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * BYTE_UNITS[(match[2] ?? "B") as keyof typeof BYTE_UNITS];
  return bytes >= min && bytes <= max ? bytes : undefined;
}

export function parseInteger(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** The text itself, when it is an absolute URL of one of the schemes. Several hosts (`h1:1,h2:2`) are allowed. */
export function parseUrl(text: string, schemes: readonly string[]): string | undefined {
  const match = /^([a-z]+):\/\/([^/?#\s]+)([^\s]*)$/.exec(text);
  if (match === null) return undefined;
  const [, scheme = "", authority = "", rest = ""] = match;
  if (!schemes.includes(scheme)) return undefined;
  const firstHost = authority.replace(/,[^@]*$/, "");
  return readUrl(`${scheme}://${firstHost}${rest}`) === undefined ? undefined : text;
}

/** JSON pointers (RFC 6901) that are not the whole document, separated by commas. */
export function parsePointers(text: string): readonly string[] | undefined {
  const pointers = text.split(",").map((entry) => entry.trim());
  return pointers.every((pointer) => /^(\/([^~/]|~[01])*)+$/.test(pointer)) ? pointers : undefined;
}

/** A path as given; it is made absolute by the caller, who knows the working directory. */
export function parsePath(text: string): string | undefined {
  return text.includes("\0") ? undefined : text;
}
