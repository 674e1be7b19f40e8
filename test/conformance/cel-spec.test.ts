import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { compileStandard, isCelError } from "../../src/cel/index.ts";
import { canonicalText } from "./canonical.ts";
import { type CelSpecTest, loadCelSpecTests, type SimpleTestJson } from "./cel-spec-tests.ts";
import { SKIP_REASONS, type SkipReason, skipReasonOf } from "./skip-reason.ts";
import { fromValueJson } from "./values.ts";

type SkipCounts = Partial<Record<SkipReason, number>>;

interface FileTally {
  passed: number;
  readonly failures: string[];
  readonly skipped: SkipCounts;
}

const RESULT_KINDS_WITHOUT_A_VALUE = ["unknown", "anyUnknowns", "anyEvalErrors"] as const;

/** Undefined stands for "an error". */
function expectedText(test: SimpleTestJson): string | undefined {
  if (RESULT_KINDS_WITHOUT_A_VALUE.some((kind) => kind in test)) throw new TypeError("a result kind we do not compare");
  if ("evalError" in test) return undefined;
  const result = test.value ?? test.typedResult?.result;
  return result === undefined ? "true" : canonicalText(fromValueJson(result));
}

function declaredVariables(test: SimpleTestJson): string[] {
  return [...(test.typeEnv ?? []).map((declaration) => declaration.name), ...Object.keys(test.bindings ?? {})];
}

/** @returns what is wrong, or undefined when the test passes */
function runTest({ expr, ...test }: SimpleTestJson): string | undefined {
  const expected = expectedText({ expr, ...test });
  const compiled = compileStandard(expr, {
    ...(test.disableCheck ? {} : { variables: declaredVariables({ expr, ...test }) }),
    ...(test.container === undefined ? {} : { container: test.container }),
  });
  if (!compiled.ok) {
    const messages = compiled.diagnostics.map((diagnostic) => diagnostic.message).join("; ");
    // With checking on, an error may come as early as at compilation. With checking off it is one of evaluation.
    return expected === undefined && !test.disableCheck ? undefined : `does not compile: ${messages}`;
  }
  const bindings = Object.entries(test.bindings ?? {}).map(([name, { value }]) => [name, fromValueJson(value)]);
  const actual = compiled.evaluate(Object.fromEntries(bindings));
  const text = isCelError(actual) ? undefined : canonicalText(actual);
  if (text === expected) return undefined;
  return `expected ${expected ?? "an error"}, got ${isCelError(actual) ? `the error "${actual.message}"` : text}`;
}

function tally(tests: readonly CelSpecTest[]): FileTally {
  const counts: FileTally = { passed: 0, failures: [], skipped: {} };
  for (const { title, test } of tests) {
    const reason = skipReasonOf(test);
    const fault = reason === undefined ? runTest(test) : undefined;
    if (reason !== undefined) counts.skipped[reason] = (counts.skipped[reason] ?? 0) + 1;
    else if (fault === undefined) counts.passed++;
    else counts.failures.push(`${title}: ${test.expr}\n    ${fault}`);
  }
  return counts;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

function row(name: string, passed: number, skipped: SkipCounts, failed: number): string {
  const reasons = Object.entries(skipped).map(([reason, count]) => `${reason} ${count}`);
  const skippedText = `${sum(Object.values(skipped))}${reasons.length ? ` (${reasons.join(", ")})` : ""}`;
  return `${name.padEnd(16)} | ${String(passed).padStart(6)} | ${skippedText} | ${failed}`;
}

const tallies = new Map<string, FileTally>();
const committedSkips: unknown = JSON.parse(readFileSync(new URL("./skips.json", import.meta.url), "utf8"));

describe("cel-spec conformance", () => {
  for (const [file, tests] of loadCelSpecTests()) {
    it(`evaluates ${file} as the specification says`, () => {
      const counts = tally(tests);
      tallies.set(file, counts);
      expect(counts.failures).toEqual([]);
    });
  }

  it("skips exactly the tests of the committed list, file by file and reason by reason", () => {
    const skips = [...tallies].map(([file, { skipped }]) => [file, skipped] as const);
    expect(Object.fromEntries(skips.filter(([, skipped]) => Object.keys(skipped).length > 0))).toEqual(committedSkips);
  });

  afterAll(() => {
    const rows = [...tallies].map(([file, counts]) => row(file, counts.passed, counts.skipped, counts.failures.length));
    const all = [...tallies.values()];
    const skipped: SkipCounts = {};
    for (const reason of Object.keys(SKIP_REASONS) as SkipReason[]) {
      const count = sum(all.map((counts) => counts.skipped[reason] ?? 0));
      if (count > 0) skipped[reason] = count;
    }
    const total = row("total", sum(all.map((c) => c.passed)), skipped, sum(all.map((c) => c.failures.length)));
    console.log([`${"file".padEnd(16)} | passed | skipped (by reason) | failed`, ...rows, total].join("\n"));
  });
});
