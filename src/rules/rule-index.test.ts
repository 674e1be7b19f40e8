import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CelError, type Frame, type NecessaryCondition } from "../cel/index.ts";
import { createRuleIndex } from "./rule-index.ts";
import { finish } from "./steps.ts";
import type { Rule } from "./types.ts";

const ABSENT = new CelError("no such key");

function frameOf(values: readonly unknown[]): Frame {
  return { reset: () => undefined, read: (slot) => values[slot] ?? ABSENT };
}

function ruleOf(id: string, necessary: readonly NecessaryCondition[]): Rule {
  return {
    id,
    name: id,
    priority: 0,
    decision: "deny",
    reason: "r",
    obligations: [],
    isVolatile: false,
    position: { file: "a.yaml", line: 1, column: 1 },
    digest: "",
    matches: () => true,
    necessary,
  };
}

/** What the contract of a necessary condition lets nobody rule out, said as plainly as possible. */
function canHold(condition: NecessaryCondition, value: unknown): boolean {
  if (value === undefined) return condition.absent === "unknown";
  switch (condition.op) {
    case "equals":
      return condition.values.some((wanted) => wanted === value);
    case "prefix":
      return typeof value === "string"
        ? condition.values.some((v) => value.startsWith(v))
        : condition.absent === "unknown";
    case "suffix":
      return typeof value === "string"
        ? condition.values.some((v) => value.endsWith(v))
        : condition.absent === "unknown";
    case "contains":
      return Array.isArray(value) ? condition.values.some((v) => value.includes(v)) : condition.absent === "unknown";
  }
}

const PATHS = ["action_type", "arguments.a", "arguments.b", "identity.roles", "destination.domain"];
const text = fc.array(fc.constantFrom("a", "b"), { maxLength: 4 }).map((parts) => parts.join(""));
const longText = fc.tuple(text, fc.nat(40)).map(([end, length]) => "x".repeat(length) + end);
const word = fc.oneof(text, longText);
const scalar = fc.oneof(word, fc.constantFrom<number | boolean>(0, 1, true, false));
const base = fc.record({
  slot: fc.nat(PATHS.length - 1),
  absent: fc.constantFrom("false" as const, "unknown" as const),
});
const condition: fc.Arbitrary<NecessaryCondition> = fc.oneof(
  fc
    .tuple(base, fc.array(scalar, { maxLength: 3 }))
    .map(([b, values]) => ({ ...b, path: PATHS[b.slot]!, op: "equals" as const, values })),
  fc
    .tuple(
      base,
      fc.constantFrom("prefix" as const, "suffix" as const, "contains" as const),
      fc.array(word, { minLength: 1, maxLength: 3 }),
    )
    .map(([b, op, values]) => ({ ...b, path: PATHS[b.slot]!, op, values })),
);
const value = fc.oneof(
  { weight: 3, arbitrary: word },
  scalar,
  fc.array(scalar, { maxLength: 4 }),
  fc.constantFrom<unknown>(undefined, null, {}, Number.NaN),
);

describe("the rule index", () => {
  it("gives every rule that its conditions do not rule out, each once, request after request", () => {
    const sets = fc.array(fc.array(condition, { maxLength: 4 }), { maxLength: 40 });
    const requests = fc.array(fc.array(value, { minLength: PATHS.length, maxLength: PATHS.length }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(sets, requests, (conditions, frames) => {
        const rules = conditions.map((necessary, nth) => ruleOf(`p/r${nth}`, necessary));
        const index = finish(createRuleIndex(rules));
        for (const values of frames) {
          index.select(frameOf(values));
          const found = index.candidates.map((rule) => rule.id);
          expect(new Set(found).size).toBe(found.length);
          const needed = rules.filter((rule) => rule.necessary.every((c) => canHold(c, values[c.slot])));
          expect(found).toEqual(expect.arrayContaining(needed.map((rule) => rule.id)));
        }
      }),
      { numRuns: 2000 },
    );
  });

  const onAction = (value: string): NecessaryCondition => ({
    slot: 0,
    path: PATHS[0]!,
    absent: "unknown",
    op: "equals",
    values: [value],
  });
  const onDomain = (value: string): NecessaryCondition => ({
    slot: 4,
    path: PATHS[4]!,
    absent: "unknown",
    op: "equals",
    values: [value],
  });

  it("numbers, texts and booleans are different values", () => {
    const equal = (id: string, wanted: string | number | boolean) =>
      ruleOf(id, [{ slot: 1, path: PATHS[1]!, absent: "false", op: "equals", values: [wanted] }]);
    const index = finish(createRuleIndex([equal("n", 1), equal("s", "1"), equal("b", true), equal("z", 0)]));
    const idsFor = (v: unknown) => {
      index.select(frameOf([undefined, v]));
      return index.candidates.map((rule) => rule.id);
    };
    expect([idsFor(1), idsFor("1"), idsFor(true), idsFor(-0)]).toEqual([["n"], ["s"], ["b"], ["z"]]);
  });

  it("a request without the indexed path pays only for rules that its other conditions leave over", () => {
    const rules = Array.from({ length: 1000 }, (_, nth) =>
      ruleOf(`p/r${nth}`, [onAction(`type${nth % 10}`), onDomain(`d${nth}`)]),
    );
    const index = finish(createRuleIndex(rules));
    index.select(frameOf(["type3"]));
    expect(index.candidates.length).toBe(100);
    index.select(frameOf(["type3", undefined, undefined, undefined, "d13"]));
    expect(index.candidates.map((rule) => rule.id)).toEqual(["p/r13"]);
  });

  it("very many prefixes of different lengths stay found", () => {
    const rules = Array.from({ length: 300 }, (_, nth) =>
      ruleOf(`p/r${nth}`, [
        { slot: 0, path: PATHS[0]!, absent: "unknown", op: "prefix", values: ["/".repeat(nth + 1)] },
      ]),
    );
    const index = finish(createRuleIndex(rules));
    index.select(frameOf(["/".repeat(150)]));
    const found = new Set(index.candidates.map((rule) => rule.id));
    for (let nth = 0; nth < 150; nth++) expect(found.has(`p/r${nth}`)).toBe(true);
  });
});
