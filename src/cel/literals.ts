import { CelUint } from "./values.ts";

const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

interface DecodedNumber {
  readonly value: bigint | CelUint | number;
  /** True for exactly 2^63, which is an int only behind a minus sign. */
  readonly isIntOutOfRange: boolean;
}

/** The value of a number token, or what is wrong with it. */
export function decodeNumber(text: string): DecodedNumber | string {
  const isHex = text.startsWith("0x");
  if (!isHex && /[.eE]/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? { value, isIntOutOfRange: false } : "double literal out of range";
  }
  if (/[uU]$/.test(text)) {
    const value = BigInt(text.slice(0, -1));
    return value <= UINT_MAX ? { value: new CelUint(value), isIntOutOfRange: false } : "uint literal out of range";
  }
  const value = BigInt(text);
  if (value > INT_MAX + 1n) return "int literal out of range";
  return { value, isIntOutOfRange: value > INT_MAX };
}

export type DecodedQuoted =
  | { readonly value: string | Uint8Array; readonly end: number }
  | { readonly fault: string; readonly offset: number };

const SIMPLE_ESCAPES: Record<string, string> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "?": "?",
  '"': '"',
  "'": "'",
  "`": "`",
};
const HEX_LENGTHS: Record<string, number> = { x: 2, X: 2, u: 4, U: 8 };
const encoder = new TextEncoder();

/** Reads a string or bytes literal whose opening quote is at `quoteAt`. */
export function decodeQuoted(source: string, quoteAt: number, isRaw: boolean, isBytes: boolean): DecodedQuoted {
  const quote = source[quoteAt]!;
  const triple = quote.repeat(3);
  const delimiter = source.startsWith(triple, quoteAt) ? triple : quote;
  const bodyStart = quoteAt + delimiter.length;
  const end = findEnd(source, bodyStart, delimiter, isRaw);
  if (end === undefined) return { fault: "unterminated string literal", offset: quoteAt };
  const body = source.slice(bodyStart, end).replace(/\r\n?/g, "\n");
  const finish = end + delimiter.length;
  if (isRaw || !body.includes("\\")) return { value: isBytes ? encoder.encode(body) : body, end: finish };
  const decoded = isBytes ? decodeBytes(body) : decodeString(body);
  if (typeof decoded === "string" || decoded instanceof Uint8Array) return { value: decoded, end: finish };
  return { fault: decoded.fault, offset: bodyStart + decoded.at };
}

function findEnd(source: string, from: number, delimiter: string, isRaw: boolean): number | undefined {
  const first = delimiter.charCodeAt(0);
  for (let at = from; at < source.length; at++) {
    const code = source.charCodeAt(at);
    if (code === first && source.startsWith(delimiter, at)) return at;
    if (code === 92 && !isRaw) at += 1;
    else if (delimiter.length === 1 && (code === 10 || code === 13)) return undefined;
  }
  return undefined;
}

interface Fault {
  readonly fault: string;
  readonly at: number;
}

/** One escape sequence: the code it stands for, whether that is an octet, and where the text goes on. */
function readEscape(body: string, at: number): { code: number; isOctet: boolean; next: number } | Fault {
  const letter = body[at + 1] ?? "";
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return { code: simple.charCodeAt(0), isOctet: false, next: at + 2 };
  const hexLength = HEX_LENGTHS[letter];
  const digits = body.slice(at + 2, at + 2 + (hexLength ?? 0));
  if (hexLength !== undefined && digits.length === hexLength && /^[0-9a-fA-F]+$/.test(digits)) {
    return { code: Number.parseInt(digits, 16), isOctet: hexLength === 2, next: at + 2 + hexLength };
  }
  const octal = body.slice(at + 1, at + 4);
  if (/^[0-3][0-7][0-7]$/.test(octal)) return { code: Number.parseInt(octal, 8), isOctet: true, next: at + 4 };
  return { fault: `invalid escape sequence \`\\${letter}\``, at };
}

function decodeString(body: string): string | Fault {
  let text = "";
  let at = 0;
  for (let slash = body.indexOf("\\"); slash !== -1; slash = body.indexOf("\\", at)) {
    text += body.slice(at, slash);
    const sequence = readEscape(body, slash);
    if ("fault" in sequence) return sequence;
    if (sequence.code > 0x10ffff || (sequence.code >= 0xd800 && sequence.code <= 0xdfff)) {
      return { fault: "escape sequence is not a Unicode code point", at: slash };
    }
    text += String.fromCodePoint(sequence.code);
    at = sequence.next;
  }
  return text + body.slice(at);
}

function decodeBytes(body: string): Uint8Array | Fault {
  const bytes: number[] = [];
  let at = 0;
  for (let slash = body.indexOf("\\"); slash !== -1; slash = body.indexOf("\\", at)) {
    bytes.push(...encoder.encode(body.slice(at, slash)));
    const sequence = readEscape(body, slash);
    if ("fault" in sequence) return sequence;
    if (!sequence.isOctet && sequence.next - slash > 2)
      return { fault: "bytes literals have no `\\u` escapes", at: slash };
    bytes.push(sequence.code);
    at = sequence.next;
  }
  bytes.push(...encoder.encode(body.slice(at)));
  return new Uint8Array(bytes);
}
