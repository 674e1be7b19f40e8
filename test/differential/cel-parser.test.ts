import { getComprehensionSuite, getConformanceSuite, getParsingSuite } from "@bufbuild/cel-spec/testdata/tests.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/cel/parser.ts";
import { differentialRuns, differentialSeed, differentialTimeoutMs } from "./budget.ts";
import { sourceArbitrary } from "./generate-cel.ts";
import { bufbuildTree, ourTree, WIDE_LIMITS } from "./syntax-tree.ts";

/** What @bufbuild/cel 0.6.1 lets through although the specification and cel-go refuse it when parsing. */
const CHECKED_BY_US_ONLY = [
  /literal out of range$/,
  /^the variable of `\w+(\.\w+)?` must be a simple name$/,
  /^the two variables of/,
  /^`has` takes one field selection/,
  /^`cel.bind` takes/,
  /^invalid escape sequence/,
  /^escape sequence is not a Unicode code point$/,
  /^bytes literals have no/,
];

/** What @bufbuild/cel 0.6.1 refuses although the grammar has it. */
const KNOWN_BY_US_ONLY = [
  /`/, // quoted fields
  /-\s*(?:0x[0-9a-f]+|[0-9]+)u/i, // a sign before an unsigned literal
  /\b(?:true|false|null)\w/, // a name that starts like a literal
  /\/\/[^\n]*\s*$/, // a comment on the last line
  /\((?:\s|\/\/[^\n]*\n)+\)/, // space between the parentheses of a call without arguments
  /\/\/[^\n]*\n\s*\/\//, // a comment after a comment
  /-\s+-|!\s+!/, // a space between two signs
  /!\s*-\s+[0-9.]/, // a space between the sign of a number and the number, behind another sign
];

/** `.has(a.b)` is a call of a function and not the macro, as in cel-go. */
const HAS_BEHIND_A_DOT = /\.\s*has\s*\(/;

/** @bufbuild/cel 0.6.1 reads the operator `in` out of a longer word: `x inlist` is `x in list`. */
const IN_WITHOUT_BOUNDARY = /^(?:found `in\w+`, expected .*|malformed number)$/;

type Verdict = "same tree" | "both refuse" | "checked by us only" | "known by us only" | "in without boundary";

/** @throws Error with both trees when the parsers disagree for no known reason */
function compareParsers(source: string): Verdict {
  const ours = ourTree(source);
  const theirs = bufbuildTree(source);
  if (ours === theirs) return ours === undefined ? "both refuse" : "same tree";
  if (ours === undefined) {
    const result = parse(source, WIDE_LIMITS);
    const message = result.ok ? "" : result.diagnostic.message;
    if (CHECKED_BY_US_ONLY.some((known) => known.test(message))) return "checked by us only";
    if (theirs?.includes("(in ") && IN_WITHOUT_BOUNDARY.test(message)) return "in without boundary";
    throw new Error(`only @bufbuild/cel parses ${JSON.stringify(source)}: ${theirs}\nours says: ${message}`);
  }
  if (theirs === undefined && KNOWN_BY_US_ONLY.some((known) => known.test(source))) return "known by us only";
  if (theirs?.includes("(in ") && /(?:true|false|null)in\w/.test(source)) return "in without boundary";
  if (HAS_BEHIND_A_DOT.test(source)) return "known by us only";
  throw new Error(`trees differ for ${JSON.stringify(source)}\n  ours: ${ours}\n  @bufbuild/cel: ${theirs}`);
}

function tallyOf(sources: Iterable<string>): Map<Verdict, number> {
  const counts = new Map<Verdict, number>();
  for (const source of sources) {
    const verdict = compareParsers(source);
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return counts;
}

function* specSources(): Generator<string> {
  const pending = [getConformanceSuite(), getParsingSuite(), getComprehensionSuite()];
  for (let suite = pending.pop(); suite !== undefined; suite = pending.pop()) {
    for (const { original } of suite.tests) yield original.expr;
    pending.push(...suite.suites);
  }
}

const TOKENS = [
  ..."( ) [ ] { } . , : ? + - * / % ! < <= > >= == != && || in a m has true null 1 0x1F 2u 1.5 .5 1e3".split(" "),
  ...[
    "'s'",
    'r"\\d"',
    'b"x"',
    '"""',
    "'",
    '"',
    "\\",
    "`k-1`",
    " ",
    "\n",
    "// c\n",
    "=",
    "&",
    "|",
    "$",
    "é",
    "😀",
    "\u0000",
  ],
  ...[
    "if",
    "all(e, e)",
    "map(e, 1)",
    "e.f",
    "rb''",
    "9223372036854775808",
    "-9223372036854775808",
    "'\\u0041'",
    "'\\q'",
  ],
  ...[
    "[,]",
    "{,}",
    "[1,,]",
    "{1: 2,,}",
    "!-",
    "-!",
    "!!",
    "--",
    "if{}",
    "A{a: 1}",
    "a.B{}",
    "has(a)",
    "has(a.b)",
    "exists(a.b, c)",
    ".in",
  ],
];
const SPLITTER = /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_][A-Za-z0-9_]*|[0-9.]+u?|&&|\|\||[<>=!]=|\s+|.)/su;

const edit = fc.record({
  kind: fc.constantFrom("delete", "insert", "replace", "repeat", "swap"),
  at: fc.nat(),
  token: fc.constantFrom(...TOKENS),
});

function mutate(source: string, edits: readonly { kind: string; at: number; token: string }[]): string {
  const tokens = source.split(SPLITTER).filter((token) => token !== "");
  for (const { kind, at, token } of edits) {
    const index = at % (tokens.length + 1);
    const removed = kind === "insert" ? 0 : kind === "swap" ? 2 : 1;
    const taken = tokens.slice(index, index + removed);
    const put = { delete: [], insert: [token], replace: [token], repeat: [...taken, ...taken], swap: taken.reverse() }[
      kind
    ];
    tokens.splice(index, removed, ...(put ?? []));
  }
  return tokens.join("");
}

const mutated = fc
  .tuple(sourceArbitrary, fc.array(edit, { minLength: 1, maxLength: 3 }))
  .map(([source, edits]) => mutate(source, edits));
const tokenSoup = fc.array(fc.constantFrom(...TOKENS), { maxLength: 12 }).map((tokens) => tokens.join(""));

function report(title: string, counts: Map<Verdict, number>): void {
  console.log(`parsers on ${title}: ${Array.from(counts, ([verdict, count]) => `${verdict} ${count}`).join(", ")}`);
}

describe("our parser against @bufbuild/cel", { timeout: differentialTimeoutMs }, () => {
  it("builds the same tree for every expression of cel-spec", () => {
    report("cel-spec", tallyOf(specSources()));
  });

  it.each([
    ["generated expressions", sourceArbitrary],
    ["mutated expressions", mutated],
    ["random tokens", tokenSoup],
  ])("accepts, refuses and builds the same on %s", (title, arbitrary) => {
    const counts = new Map<Verdict, number>();
    fc.assert(
      fc.property(arbitrary, (source) => {
        const verdict = compareParsers(source);
        counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
      }),
      { numRuns: differentialRuns(3000), seed: differentialSeed },
    );
    report(title, counts);
    expect(counts.get("same tree") ?? 0).toBeGreaterThan(0);
  });
});
