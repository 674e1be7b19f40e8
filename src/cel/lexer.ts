import { quoted } from "./diagnostics.ts";
import { decodeNumber, decodeQuoted } from "./literals.ts";

/** The first fault in a source text. Thrown inside the parser only; `parse` turns it into a diagnostic. */
export class SyntaxFault extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Punctuation tokens are their own text; the others are named in capitals. */
export type TokenKind =
  | "END"
  | "IDENT"
  | "QUOTED_IDENT"
  | "LITERAL"
  | "("
  | ")"
  | "["
  | "]"
  | "{"
  | "}"
  | "."
  | ","
  | ":"
  | "?"
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "!"
  | "<"
  | "<="
  | ">"
  | ">="
  | "=="
  | "!="
  | "&&"
  | "||"
  | "in";

const KEYWORDS = new Map<string, null | boolean>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

const SINGLE = new Map<number, TokenKind>(
  [..."()[]{}.,:?+-*/%!<>"].map((text) => [text.charCodeAt(0), text as TokenKind]),
);

const PAIRS = new Map<number, { readonly next: number; readonly kind: TokenKind }>(
  (["==", "!=", "<=", ">=", "&&", "||"] as const).map((kind) => [
    kind.charCodeAt(0),
    { next: kind.charCodeAt(1), kind },
  ]),
);

const IDENT_START = 1;
const IDENT_PART = 2;
const DIGIT = 4;
const SPACE = 8;
/** What an ASCII character can be part of. */
const CLASSES = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const text = String.fromCharCode(code);
  if (/[A-Za-z_]/.test(text)) CLASSES[code] = IDENT_START | IDENT_PART;
  else if (/[0-9]/.test(text)) CLASSES[code] = IDENT_PART | DIGIT;
  else if (/[\t\n\f\r ]/.test(text)) CLASSES[code] = SPACE;
}

const BACKQUOTED = /`([a-zA-Z0-9_.\-/ ]+)`/y;
const NUMBER = /0x[0-9a-fA-F]+[uU]?|(?:[0-9]+\.[0-9]+|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?|[0-9]+[uU]?/y;

/** Reads a source text token by token. The current token is in the fields; `advance` replaces it. */
export class Lexer {
  readonly source: string;
  kind: TokenKind = "END";
  /** Offsets of the current token. */
  start = 0;
  end = 0;
  /** Name of an identifier, value of a literal. A negative literal is the parser's work. */
  value: unknown;
  /** Digits of an int literal, kept because -2^63 is in range and 2^63 is not. */
  isIntOutOfRange = false;

  constructor(source: string) {
    this.source = source;
    this.advance();
  }

  /** The current token as an error message shows it. */
  describe(): string {
    return this.kind === "END" ? "the end" : quoted(this.source.slice(this.start, this.end));
  }

  advance(): void {
    const { source } = this;
    let at = this.#skipSpace(this.end);
    this.start = at;
    if (at >= source.length) {
      this.kind = "END";
      this.end = at;
      return;
    }
    const code = source.charCodeAt(at);
    const classes = code < 128 ? CLASSES[code]! : 0;
    if (classes & IDENT_START) {
      do at += 1;
      while (at < source.length && (CLASSES[source.charCodeAt(at)] ?? 0) & IDENT_PART);
      this.#finishWord(at);
    } else if (classes & DIGIT || (code === 46 && this.#isDigit(at + 1))) {
      this.#readNumber();
    } else if (code === 34 || code === 39) {
      this.#readQuoted(at);
    } else {
      this.#readPunctuation(code);
    }
  }

  #isDigit(at: number): boolean {
    return ((CLASSES[this.source.charCodeAt(at)] ?? 0) & DIGIT) !== 0;
  }

  #skipSpace(from: number): number {
    const { source } = this;
    let at = from;
    for (;;) {
      while (at < source.length && (CLASSES[source.charCodeAt(at)] ?? 0) & SPACE) at += 1;
      if (source.charCodeAt(at) !== 47 || source.charCodeAt(at + 1) !== 47) return at;
      const lineEnd = source.indexOf("\n", at);
      at = lineEnd === -1 ? source.length : lineEnd + 1;
    }
  }

  #finishWord(end: number): void {
    const { source, start } = this;
    const next = source.charCodeAt(end);
    if ((next === 34 || next === 39) && end - start <= 2) {
      const prefix = source.slice(start, end).toLowerCase();
      if (prefix === "r" || prefix === "b" || prefix === "br") {
        this.#readQuoted(end, prefix.includes("r"), prefix.includes("b"));
        return;
      }
    }
    const word = source.slice(start, end);
    this.end = end;
    const keyword = KEYWORDS.get(word);
    if (keyword !== undefined) {
      this.kind = "LITERAL";
      this.value = keyword;
    } else if (word === "in") {
      this.kind = "in";
    } else {
      this.kind = "IDENT";
      this.value = word;
    }
  }

  #readNumber(): void {
    NUMBER.lastIndex = this.start;
    const text = NUMBER.exec(this.source)![0];
    this.end = this.start + text.length;
    // `1abc` and `0x` would otherwise read as a number and a name.
    if ((CLASSES[this.source.charCodeAt(this.end)] ?? 0) & IDENT_PART) {
      throw new SyntaxFault(this.start, "malformed number");
    }
    const decoded = decodeNumber(text);
    if (typeof decoded === "string") throw new SyntaxFault(this.start, decoded);
    this.kind = "LITERAL";
    this.value = decoded.value;
    this.isIntOutOfRange = decoded.isIntOutOfRange;
  }

  #readQuoted(quoteAt: number, isRaw = false, isBytes = false): void {
    const result = decodeQuoted(this.source, quoteAt, isRaw, isBytes);
    if ("fault" in result) throw new SyntaxFault(result.offset, result.fault);
    this.kind = "LITERAL";
    this.value = result.value;
    this.end = result.end;
  }

  #readPunctuation(code: number): void {
    const { source, start } = this;
    const next = source.charCodeAt(start + 1);
    const pair = PAIRS.get(code);
    if (pair !== undefined && pair.next === next) {
      this.kind = pair.kind;
      this.end = start + 2;
      return;
    }
    this.end = start + 1;
    const single = SINGLE.get(code);
    if (single !== undefined) {
      this.kind = single;
      return;
    }
    if (code === 96) {
      BACKQUOTED.lastIndex = start;
      const match = BACKQUOTED.exec(source);
      if (match === null) throw new SyntaxFault(start, "malformed quoted name");
      this.kind = "QUOTED_IDENT";
      this.value = match[1];
      this.end = start + match[0].length;
      return;
    }
    const hint =
      code === 61 ? ", equality is `==`" : code === 38 ? ", and is `&&`" : code === 124 ? ", or is `||`" : "";
    const text = String.fromCodePoint(source.codePointAt(start)!);
    throw new SyntaxFault(start, `unexpected character ${quoted(text)}${hint}`);
  }
}
