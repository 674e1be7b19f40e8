import { getParsingSuite, type IncrementalTest } from "@bufbuild/cel-spec/testdata/tests.js";
import { describe, expect, it } from "vitest";
import { type ParserLimits, parse } from "../../src/cel/parser.ts";

/** cel-go's parser tests run with a limit of 32; ours is set out of the way, and has tests of its own. */
const WIDE_LIMITS: ParserLimits = { sourceLengthMax: 100_000, nestingMax: 1_000, treeDepthMax: 2_000 };

/** Refusals of cel-go that come from the options or the limits its parser tests set and not from the grammar. */
function isSettingOfCelGo({ error }: IncrementalTest): boolean {
  const faults = (error ?? "").split(/(?=ERROR: )/).map((text) => text.replace(/^ERROR: \S+ /, ""));
  return faults.every((fault) => /^(?:unsupported syntax: '`'|.*recursion (?:limit|depth) exceeded)/.test(fault));
}

/** cel-go's macros need an accumulator variable whose name a rule could take; ours have none. */
function isAboutAccumulator({ error }: IncrementalTest): boolean {
  return error?.includes("iteration variable overwrites accumulator variable") ?? false;
}

const tests = getParsingSuite().tests;

describe("cel-go's parser tests", () => {
  const accepted = tests.filter((test) => test.ast !== undefined);
  const refused = tests.filter((test) => test.ast === undefined);
  const exempt = refused.filter((test) => isSettingOfCelGo(test) || isAboutAccumulator(test));

  it(`accepts the ${accepted.length} sources that cel-go accepts`, () => {
    const faults = accepted.flatMap(({ original }) => {
      const result = parse(original.expr, WIDE_LIMITS);
      return result.ok ? [] : [`${original.expr}: ${result.diagnostic.message}`];
    });
    expect(faults).toEqual([]);
  });

  it(`refuses the ${refused.length - exempt.length} sources that cel-go refuses for their grammar`, () => {
    const strict = refused.filter((test) => !exempt.includes(test));
    expect(strict.filter(({ original }) => parse(original.expr, WIDE_LIMITS).ok).map((test) => test.name)).toEqual([]);
  });

  it("accepts the sources that cel-go refuses only for its settings, and there are no more of them than known", () => {
    const faults = exempt.flatMap(({ original }) => {
      const result = parse(original.expr, WIDE_LIMITS);
      return result.ok ? [] : [`${original.expr}: ${result.diagnostic.message}`];
    });
    expect(faults).toEqual([]);
    expect(exempt).toHaveLength(22);
  });
});
