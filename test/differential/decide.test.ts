import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../src/engine/index.ts";
import { EFFECTS } from "../../src/model/decision.ts";
import type { Rule } from "../../src/rules/types.ts";
import { fakeActivation, fakeRule, fakeRuleSet } from "../fake-rules.ts";
import { referenceDecide } from "./reference-decide.ts";

const anyRule = fc.record({
  priority: fc.integer({ min: -1, max: 1 }),
  decision: fc.constantFrom(...EFFECTS),
  outcome: fc.constantFrom<boolean | "error">(true, false, "error"),
});
const anyRules = fc
  .array(anyRule, { maxLength: 12 })
  .map((specs) => specs.map((spec, at) => fakeRule(`p/r${String(at).padStart(2, "0")}`, spec)));

const activation = fakeActivation();
const run = (rules: readonly Rule[]) => decide({ ruleSet: fakeRuleSet(rules), activation, cacheTtlSecondsMax: 5 });

const STRICTNESS = { allow: 0, approval_required: 1, deny: 2 } as const;

describe("decide", () => {
  test("equals the reference implementation", () => {
    fc.assert(
      fc.property(anyRules, (rules) => {
        const { decision, reason_code, rule_id, rules: ids, errors } = run(rules);
        expect({ decision, reason_code, rule_id, rules: ids, errors: errors.map((error) => error.rule_id) }).toEqual(
          referenceDecide(fakeRuleSet(rules), activation),
        );
      }),
      { numRuns: 3000 },
    );
  });

  test("denies when no rule applies", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EFFECTS), { maxLength: 8 }), (effects) => {
        const rules = effects.map((decision, at) => fakeRule(`p/r${at}`, { decision, outcome: false }));
        expect(run(rules)).toMatchObject({ decision: "deny", reason_code: "no_matching_rule", rules: [] });
      }),
    );
  });

  test("never widens when a deny rule is added", () => {
    fc.assert(
      fc.property(anyRules, anyRule, (rules, added) => {
        const before = run(rules);
        const after = run([...rules, fakeRule("p/added", { ...added, decision: "deny" })]);
        expect(STRICTNESS[after.decision]).toBeGreaterThanOrEqual(STRICTNESS[before.decision]);
      }),
      { numRuns: 2000 },
    );
  });

  test("does not depend on the order of rules", () => {
    fc.assert(
      fc.property(
        anyRules.chain((rules) =>
          fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length })),
        ),
        ([rules, shuffled]) => {
          expect(run(shuffled)).toEqual(run(rules));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("applies a deny or approval rule that cannot be evaluated, and says so", () => {
    for (const decision of ["deny", "approval_required"] as const) {
      const outcome = run([fakeRule("p/allow"), fakeRule("p/broken", { decision, outcome: "error" })]);
      expect(outcome).toMatchObject({
        decision,
        reason_code: "rule_error",
        rule_id: "p/broken",
        errors: [{ rule_id: "p/broken", message: "no such key in p/broken" }],
        cache_ttl_seconds: 0,
      });
    }
  });

  test("grants nothing from an allow rule that cannot be evaluated, whatever its priority", () => {
    fc.assert(
      fc.property(anyRules, fc.integer({ min: -2, max: 2 }), (rules, priority) => {
        const broken = fakeRule("p/broken", { decision: "allow", outcome: "error", priority });
        expect(run([...rules, broken]).decision).toBe(run(rules).decision);
      }),
      { numRuns: 1000 },
    );
  });

  test("lets nobody cache what depends on time, an approval or an error", () => {
    expect(run([fakeRule("p/a")]).cache_ttl_seconds).toBe(5);
    expect(run([fakeRule("p/a", { isVolatile: true })]).cache_ttl_seconds).toBe(0);
    expect(run([fakeRule("p/a"), fakeRule("p/b", { isVolatile: true, outcome: false })]).cache_ttl_seconds).toBe(0);
    expect(run([fakeRule("p/a", { decision: "approval_required" })]).cache_ttl_seconds).toBe(0);
    expect(run([fakeRule("p/a"), fakeRule("p/b", { outcome: "error" })]).cache_ttl_seconds).toBe(0);
  });

  test("hands over the obligations of all determining rules once, and of no other", () => {
    const redact = { type: "redact", params: { path: "/body" } };
    const log = { type: "log", params: {} };
    const outcome = run([
      fakeRule("p/a", { obligations: [redact] }),
      fakeRule("p/b", { obligations: [redact, log] }),
      fakeRule("p/c", { obligations: [{ type: "never", params: {} }], priority: -1 }),
    ]);
    expect(outcome.obligations).toEqual([redact, log]);
  });
});
