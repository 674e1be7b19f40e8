import { RE2JS } from "re2js";
import type { EvalFrame } from "./frame.ts";
import { CelError, LIMIT_EXCEEDED } from "./values.ts";

/** Longest pattern that is compiled while a decision waits; constant ones are only bounded by the source's length. */
const DYNAMIC_PATTERN_MAX = 512;
const DYNAMIC_CACHE_MAX = 64;
/** Compiling costs up to about 1 us a character, and counted repetitions multiply it. */
const COMPILE_FUEL = 5_000;

export const INVALID_PATTERN = new CelError("invalid regular expression");
const PATTERN_TOO_LONG = new CelError(`regular expression is longer than ${DYNAMIC_PATTERN_MAX} characters`);

/** Tests a text; false when the fuel ran out, which the caller's frame then shows. */
export type TextTest = (frame: EvalFrame, text: string) => boolean;

/** What a pattern demands of a text, where that is no more than plain text at its start, its end or anywhere. */
export interface PlainPattern {
  readonly text: string;
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

/** Recognises patterns that are plain text, with `^` and `$` at their ends and escaped punctuation. */
export function plainPattern(pattern: string): PlainPattern | undefined {
  const atStart = pattern.startsWith("^");
  let body = atStart ? pattern.slice(1) : pattern;
  const atEnd = /(?<!\\)(?:\\\\)*\$$/.test(body);
  if (atEnd) body = body.slice(0, -1);
  let text = "";
  for (let at = 0; at < body.length; at++) {
    let letter = body[at]!;
    if (letter === "\\") {
      at += 1;
      letter = body[at] ?? "";
      // Only escaped punctuation stands for itself; `\d` and the like do not.
      if (!/^[!-/:-@[-`{-~]$/.test(letter)) return undefined;
    } else if (/[.*+?()|[\]{}^$]/.test(letter)) {
      return undefined;
    }
    text += letter;
  }
  return { text, atStart, atEnd };
}

/** What is in use, whoever compiled it: it takes a millisecond, and what was matched so far makes it faster. */
const inUse = new Map<string, WeakRef<RE2JS>>();
const IN_USE_MAX = 1024;

function compile(pattern: string): RE2JS | undefined {
  const known = inUse.get(pattern)?.deref();
  if (known !== undefined) return known;
  try {
    const regex = RE2JS.compile(pattern);
    if (inUse.size >= IN_USE_MAX) inUse.clear();
    inUse.set(pattern, new WeakRef(regex));
    return regex;
  } catch {
    return undefined; // RE2 refuses it; the caller says so
  }
}

/** Steps are cheap while re2js finds a DFA and dear when it does not: charged as if it never did. */
function testWith(regex: RE2JS): TextTest {
  const weight = 1 + (regex.programSize() >> 3);
  return (frame, text) => frame.spend((text.length * weight) / 8) && regex.test(text);
}

/** The test of a constant pattern, or undefined when RE2 refuses it. */
export function compilePattern(pattern: string): TextTest | undefined {
  const plain = plainPattern(pattern);
  if (plain === undefined) {
    const regex = compile(pattern);
    return regex && testWith(regex);
  }
  const { text: part, atStart, atEnd } = plain;
  if (atStart && atEnd) return (_frame, text) => text === part;
  if (atStart) return (_frame, text) => text.startsWith(part);
  if (atEnd) return (_frame, text) => text.endsWith(part);
  return (frame, text) => frame.spend(text.length >> 5) && text.includes(part);
}

const dynamic = new Map<string, TextTest | undefined>();

/** Tests with a pattern that is only known now. */
export function testDynamic(frame: EvalFrame, text: string, pattern: string): boolean | CelError {
  if (pattern.length > DYNAMIC_PATTERN_MAX) return PATTERN_TOO_LONG;
  let test = dynamic.get(pattern);
  if (test === undefined && !dynamic.has(pattern)) {
    if (!frame.spend(COMPILE_FUEL)) return LIMIT_EXCEEDED;
    test = compilePattern(pattern);
    // Patterns may come from a request, so the memory of them is bounded.
    if (dynamic.size >= DYNAMIC_CACHE_MAX) dynamic.clear();
    dynamic.set(pattern, test);
  }
  if (test === undefined) return INVALID_PATTERN;
  const outcome = test(frame, text);
  return frame.fuel < 0 ? LIMIT_EXCEEDED : outcome;
}
