import type { IncomingHttpHeaders } from "node:http";

/** A request that was read without node:http. `body` is not read yet. */
export interface PlainRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case, each once; without `content-length`, which the body has. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Where a body begins: behind the empty line. */
const HEAD_END = Buffer.from("\r\n\r\n", "latin1");

/** As node:http's own limit. */
const HEAD_BYTES_MAX = 16 * 1024;

/** node:http drops fields beyond its own limit, which is higher. */
const FIELDS_MAX = 64;

/** Of a head that is remembered: many connections may be idle. */
const REMEMBERED_BYTES_MAX = 2 * 1024;

const LINE_END = "\r\n";

/** RFC 9110 sections 5.1 and 5.5: a token, and a value of visible ASCII and spaces. Narrower: no tab, no empty value, one space at most before it. */
const FIELD = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([!-~][ -~]*)\r\n/y;

const SPACE = 0x20;

/** What changes how a message is framed, or what becomes of its connection, is for node:http to understand (RFC 9112 sections 6 and 9). */
const NOT_PLAIN = ["transfer-encoding", "trailer", "te", "expect", "upgrade", "proxy-connection"] as const;

const LENGTH_DIGITS_MAX = 8;
const ZERO = 0x30;

interface Head {
  readonly line: Pick<PlainRequest, "method" | "url">;
  readonly headers: IncomingHttpHeaders;
  /** What is before and behind the value of `Content-Length`, to the end of the head. */
  readonly before: Buffer;
  readonly behind: Buffer;
}

/** See `createPlainReader`. */
export type PlainReader = (bytes: Buffer) => PlainRequest | "cut" | undefined;

/**
 * Reads the one HTTP/1.1 request that some bytes are, all of them and nothing else, provided that it is plain: exactly the
 * method and path of a route, each header once and on one line, a `Content-Length` that is the rest of the bytes, and nothing
 * about connections but `keep-alive`. Where there is any doubt it is not plain, so there is nothing here to be lenient about.
 *
 * INVARIANT: what node:http reads from the same bytes is the same request, and no other behind it.
 *
 * @param lines the request lines that are known, without the line end, and the method and path of each
 * @returns what gives the request, "cut" when more of its body has to come, or undefined when node:http has to read it. It
 * remembers one head: most requests of a connection differ in nothing else but their length. So it is for one connection.
 */
export function createPlainReader(lines: ReadonlyMap<string, Pick<PlainRequest, "method" | "url">>): PlainReader {
  let last: Head | undefined;
  return (bytes) => {
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1 || headEnd > HEAD_BYTES_MAX) return undefined;
    let length = last && lengthBehind(last, bytes, headEnd);
    if (length === undefined) {
      last = readHead(bytes.subarray(0, headEnd), lines);
      length = last && lengthBehind(last, bytes, headEnd);
    }
    if (last === undefined || length === undefined) return undefined;
    const { line, headers } = last;
    if (headEnd > REMEMBERED_BYTES_MAX) last = undefined;
    const body = bytes.subarray(headEnd + HEAD_END.length);
    if (length < body.length) return undefined;
    if (length > body.length) return "cut";
    return { method: line.method, url: line.url, headers, body };
  };
}

/** The length that a head gives, provided that it is `head` but for that. */
function lengthBehind({ before, behind }: Head, bytes: Buffer, headEnd: number): number | undefined {
  const to = headEnd - behind.length;
  const digits = to - before.length;
  if (digits < 1 || digits > LENGTH_DIGITS_MAX || !holdsAt(bytes, 0, before) || !holdsAt(bytes, to, behind))
    return undefined;
  let length = 0;
  for (let at = before.length; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    length = length * 10 + digit;
  }
  return length;
}

/** Faster than what Node has for as few bytes. */
function holdsAt(bytes: Buffer, from: number, part: Buffer): boolean {
  for (let at = 0; at < part.length; at++) if (bytes[from + at] !== part[at]) return false;
  return true;
}

/** @param bytes to the line end of the last header, without it */
function readHead(bytes: Buffer, lines: ReadonlyMap<string, Head["line"]>): Head | undefined {
  // Each header ends alike.
  const head = bytes.toString("latin1") + LINE_END;
  const lineEnd = head.indexOf(LINE_END);
  const line = lines.get(head.slice(0, lineEnd));
  if (line === undefined) return undefined;
  const headers: IncomingHttpHeaders = Object.create(null);
  let lengthEnd: number | undefined;
  let fields = 0;
  FIELD.lastIndex = lineEnd + LINE_END.length;
  while (FIELD.lastIndex < head.length) {
    const field = FIELD.exec(head);
    fields += 1;
    if (field === null || fields > FIELDS_MAX) return undefined;
    const name = field[1]!.toLowerCase();
    const value = field[2]!;
    if (headers[name] !== undefined || value.charCodeAt(value.length - 1) === SPACE) return undefined;
    headers[name] = value;
    if (name === "content-length") lengthEnd = FIELD.lastIndex - LINE_END.length;
  }
  const { connection, "content-length": length } = headers;
  if (length === undefined || lengthEnd === undefined || NOT_PLAIN.some((name) => headers[name] !== undefined))
    return undefined;
  if (connection !== undefined && connection.toLowerCase() !== "keep-alive") return undefined;
  delete headers["content-length"];
  // Copies: of a connection's bytes, one part would keep all.
  const part = (from: number, to: number) => Buffer.from(bytes.subarray(from, to));
  return { line, headers, before: part(0, lengthEnd - length.length), behind: part(lengthEnd, bytes.length) };
}
