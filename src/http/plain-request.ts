import type { IncomingHttpHeaders } from "node:http";

/** A request that was read without node:http. `body` is not read yet. */
export interface PlainRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case, each once. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Where a body begins: behind the empty line. */
const HEAD_END = Buffer.from("\r\n\r\n", "latin1");

/** As node:http's own limit. */
const HEAD_BYTES_MAX = 16 * 1024;

const LINE_END = "\r\n";

/** RFC 9110 sections 5.1 and 5.5: a token, and a value of visible ASCII and spaces. Narrower: no tab, no empty value, one space at most before it. */
const FIELD = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([!-~][ -~]*)\r\n/y;

const SPACE = 0x20;

/** What changes how a message is framed, or what becomes of its connection, is for node:http to understand (RFC 9112 sections 6 and 9). */
const NOT_PLAIN = ["transfer-encoding", "trailer", "te", "expect", "upgrade", "proxy-connection"] as const;

const LENGTH = /^\d{1,8}$/;

/**
 * The one HTTP/1.1 request that `bytes` are, all of them and nothing else, provided that it is plain: exactly the method and
 * path of a route, each header once and on one line, a `Content-Length` that is the rest of the bytes, and nothing about
 * connections but `keep-alive`. Where there is any doubt it is not plain, so there is nothing here to be lenient about.
 *
 * INVARIANT: what node:http reads from the same bytes is the same request, and no other behind it.
 *
 * @param lines the request lines that are known, without the line end, and the method and path of each
 * @returns "cut" when more of its body has to come; undefined when node:http has to read it
 */
export function readPlainRequest(
  bytes: Buffer,
  lines: ReadonlyMap<string, Pick<PlainRequest, "method" | "url">>,
): PlainRequest | "cut" | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1 || headEnd > HEAD_BYTES_MAX) return undefined;
  // With the end of the last header, so that each header ends alike.
  const head = bytes.toString("latin1", 0, headEnd + LINE_END.length);
  const lineEnd = head.indexOf(LINE_END);
  const line = lines.get(head.slice(0, lineEnd));
  if (line === undefined) return undefined;
  const headers = readFields(head, lineEnd + LINE_END.length);
  if (headers === undefined || NOT_PLAIN.some((name) => headers[name] !== undefined)) return undefined;
  const { connection, "content-length": length } = headers;
  if (connection !== undefined && connection.toLowerCase() !== "keep-alive") return undefined;
  const body = bytes.subarray(headEnd + HEAD_END.length);
  if (length === undefined || !LENGTH.test(length) || Number(length) < body.length) return undefined;
  if (Number(length) > body.length) return "cut";
  return { method: line.method, url: line.url, headers, body };
}

function readFields(head: string, from: number): IncomingHttpHeaders | undefined {
  const headers: IncomingHttpHeaders = Object.create(null);
  FIELD.lastIndex = from;
  while (FIELD.lastIndex < head.length) {
    const field = FIELD.exec(head);
    if (field === null) return undefined;
    const name = field[1]!.toLowerCase();
    const value = field[2]!;
    if (headers[name] !== undefined || value.charCodeAt(value.length - 1) === SPACE) return undefined;
    headers[name] = value;
  }
  return headers;
}
