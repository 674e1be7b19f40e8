import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileStandard } from "../../src/cel/index.ts";
import { canonicalText } from "../conformance/canonical.ts";
import { differentialRuns, differentialSeed, differentialTimeoutMs } from "./budget.ts";
import { bindingsArbitrary, sourceArbitrary, VARIABLES } from "./generate-cel.ts";
import { knownFault } from "./known-faults.ts";
import { bufbuild, marcbachmann, type Oracle } from "./oracles.ts";

const ours: Oracle = (source, bindings) => {
  const compiled = compileStandard(source, { variables: VARIABLES });
  if (!compiled.ok) return `refused: ${compiled.diagnostics.map((diagnostic) => diagnostic.message).join("; ")}`;
  return canonicalText(compiled.evaluate(bindings));
};

/**
 * What the three make of one case. @marcbachmann/cel-js passes 88.8% of the conformance tests, so where it alone differs
 * that is only counted; a difference from @bufbuild/cel needs a reason.
 */
function compare(source: string, bindings: Readonly<Record<string, unknown>>): string {
  const actual = ours(source, bindings);
  const [first, second] = [bufbuild(source, bindings), marcbachmann(source, bindings)];
  if (actual === first) return actual === second ? "agreed with both" : "@marcbachmann/cel-js alone differs";
  const fault = knownFault(ours, source, bindings);
  if (fault !== undefined) return fault;
  throw new Error(`ours: ${actual}\n  @bufbuild/cel: ${first}\n  @marcbachmann/cel-js: ${second}\n  ${source}`);
}

describe("our evaluator against @bufbuild/cel and @marcbachmann/cel-js", { timeout: differentialTimeoutMs }, () => {
  it("gives the value or the error that they give", () => {
    const counts = new Map<string, number>();
    const runs = differentialRuns(4_000);
    fc.assert(
      fc.property(sourceArbitrary, bindingsArbitrary, (source, bindings) => {
        const outcome = compare(source, { ...bindings });
        counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      }),
      { numRuns: runs, seed: differentialSeed },
    );
    const lines = Array.from(counts, ([outcome, count]) => `  ${String(count).padStart(6)} ${outcome}`);
    console.log([`compared ${runs} expressions:`, ...lines.sort().reverse()].join("\n"));
    expect(counts.get("agreed with both") ?? 0).toBeGreaterThan(runs * 0.9);
  });
});
