/**
 * Texts that a regular expression (RE2) matches, the plainest first: each of its alternatives once, and each repetition at
 * its least and one more. Heuristic: what is given has to be tried, and empty means that the expression was not understood.
 */
export function regexSamples(pattern: string): string[] {
  const reader = new Reader(pattern);
  const samples = reader.alternatives();
  return reader.isAtEnd ? samples : [];
}

const SAMPLES_MAX = 80;
/** What `[^...]` and `.` are tried with. */
const ORDINARY = ["x", "0", "A", "_", "-", " ", "/", ".", ":", "\n"];
const CLASS_SAMPLES: Readonly<Record<string, string>> = {
  d: "0",
  w: "a",
  s: " ",
  D: "x",
  W: "-",
  S: "x",
  n: "\n",
  t: "\t",
};
/** These stand between characters. */
const ASSERTIONS: ReadonlySet<string> = new Set(["b", "B", "A", "z"]);

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  alternatives(): string[] {
    const found = this.#sequence();
    while (this.#skip("|")) found.push(...this.#sequence());
    return [...new Set(found)].slice(0, SAMPLES_MAX);
  }

  #sequence(): string[] {
    const parts: string[][] = [];
    while (!this.isAtEnd && !"|)".includes(this.#peek())) parts.push(this.#repeated(this.#atom()));
    const first = parts.map(([sample = ""]) => sample);
    const others = parts.flatMap((samples, at) => samples.slice(1).map((sample) => first.with(at, sample).join("")));
    return [first.join(""), ...others].slice(0, SAMPLES_MAX);
  }

  #repeated(samples: string[]): string[] {
    const quantifier = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})[?]?/.exec(
      this.#text.slice(this.#at, this.#at + QUANTIFIER_MAX),
    );
    if (quantifier === null) return samples;
    this.#at += quantifier[0].length;
    const [, sign, least] = quantifier;
    const min = least === undefined ? (sign === "+" ? 1 : 0) : Number(least);
    const once = samples[0] ?? "";
    if (min === 0) return ["", ...samples];
    return [
      ...samples.map((sample) => sample + once.repeat(Math.min(min - 1, REPEATED_MAX))),
      once.repeat(Math.min(min, REPEATED_MAX) + 1),
    ];
  }

  #atom(): string[] {
    const character = this.#next();
    if (character === "(") return this.#group();
    if (character === "[") return this.#class();
    if (character === "\\") return this.#escape();
    if (character === "^" || character === "$") return [""];
    return character === "." ? ["x"] : [character];
  }

  #group(): string[] {
    const opening = /^\?(?:P?<\w+>|[a-zA-Z-]*(:|\)))/.exec(this.#text.slice(this.#at, this.#at + GROUP_MAX));
    this.#at += opening?.[0].length ?? 0;
    // `(?i)` is flags alone.
    if (opening?.[1] === ")") return [""];
    const samples = this.alternatives();
    this.#skip(")");
    return samples;
  }

  #escape(): string[] {
    const letter = this.#next();
    if (ASSERTIONS.has(letter)) return [""];
    if (letter === "p" || letter === "P") return [this.#property(letter === "P")];
    if (letter === "x") return [this.#code()];
    return [CLASS_SAMPLES[letter] ?? letter];
  }

  #property(isNegated: boolean): string {
    const name = this.#skip("{") ? this.#until("}") : this.#next();
    return name.startsWith("N") === isNegated ? "a" : "1";
  }

  #code(): string {
    const digits = this.#skip("{") ? this.#until("}") : this.#next() + this.#next();
    const code = Number.parseInt(digits, 16);
    return code > 0 && code < 0x110000 ? String.fromCodePoint(code) : "x";
  }

  /** The first members of a class; of a negated one what is not among them. */
  #class(): string[] {
    const isNegated = this.#skip("^");
    const start = this.#at;
    const members: string[] = [];
    while (!this.isAtEnd && (this.#peek() !== "]" || this.#at === start)) members.push(this.#member());
    const listed = this.#text.slice(start, this.#at);
    this.#skip("]");
    return isNegated ? [notIn(listed)] : members.slice(0, CLASS_MEMBERS_MAX);
  }

  #member(): string {
    const character = this.#next();
    if (character === "[" && this.#peek() === ":") {
      this.#until("]");
      return "a";
    }
    const member = character === "\\" ? (this.#escape()[0] ?? "") : character;
    if (this.#peek() === "-" && this.#text[this.#at + 1] !== "]") {
      this.#at += 1;
      if (this.#next() === "\\") this.#escape();
    }
    return member;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #next(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0x78);
    this.#at += character.length;
    return character;
  }

  #skip(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  /** What stands before the character, which is skipped. */
  #until(character: string): string {
    const end = this.#text.indexOf(character, this.#at);
    const found = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    return found;
  }
}

/** @param listed what stands between `[^` and `]` */
function notIn(listed: string): string {
  try {
    const isFree = new RegExp(`[^${listed.startsWith("]") ? `\\${listed}` : listed}]`);
    return ORDINARY.find((character) => isFree.test(character)) ?? "~";
  } catch {
    // A way to write a class that JavaScript has not.
    return "~";
  }
}

const QUANTIFIER_MAX = 16;
const GROUP_MAX = 64;
const REPEATED_MAX = 1000;
const CLASS_MEMBERS_MAX = 3;
