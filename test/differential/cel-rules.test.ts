import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileStandard, createCelCompiler } from "../../src/cel/index.ts";
import type { Activation } from "../../src/model/activation.ts";
import { canonicalText } from "../conformance/canonical.ts";
import { differentialRuns, differentialSeed, differentialTimeoutMs } from "./budget.ts";
import { bindingsArbitrary, sourceArbitrary } from "./generate-cel.ts";

/** Inputs of a request are JSON, so there are no ints among them. */
function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner)]));
}

const compiler = createCelCompiler();
const frame = compiler.createFrame();

function asRule(source: string, input: Record<string, unknown>): string | undefined {
  const compiled = compiler.compileCondition(source);
  if (!compiled.ok) return undefined;
  frame.reset({ arguments: input } as unknown as Activation);
  return canonicalText(compiled.expression.evaluate(frame));
}

function asStandard(source: string, input: Record<string, unknown>): string {
  const compiled = compileStandard(source, { mixedNumbers: true });
  return compiled.ok ? canonicalText(compiled.evaluate({ arguments: input })) : "refused";
}

/** Every form in which a rule may name an input, and `dyn()` around what need not be a bool. */
const conditionArbitrary = fc
  .tuple(sourceArbitrary, fc.constantFrom("arguments.$&", 'arguments["$&"]', "tool_args.$&"), sourceArbitrary)
  .map(([left, form, right]) => `dyn(${left}) == dyn(${right})`.replace(/\b(?:b|c|i|j|d|s|t|l|ls|m|x)\b/g, form));

describe("the compiler of rules against that of standard expressions", { timeout: differentialTimeoutMs }, () => {
  it("reads inputs through slots and answers what a plain evaluation answers", () => {
    const counts = { refused: 0, compared: 0, errors: 0 };
    fc.assert(
      fc.property(conditionArbitrary, bindingsArbitrary, (source, bindings) => {
        const input = toJson(bindings) as Record<string, unknown>;
        const actual = asRule(source, input);
        if (actual === undefined) return void counts.refused++;
        counts.compared++;
        if (actual === "error") counts.errors++;
        expect(actual).toBe(asStandard(source.replaceAll("tool_args", "arguments"), input));
      }),
      { numRuns: differentialRuns(4_000), seed: differentialSeed },
    );
    console.log(`rules against standard expressions: ${JSON.stringify(counts)}`);
    expect(counts.compared - counts.errors).toBeGreaterThan(counts.refused / 10);
  });
});
