import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeActivation } from "../../test/fake-rules.ts";
import type { JsonObject } from "../model/activation.ts";
import { type Branch, createCelCompiler, mutantsOf } from "./index.ts";

/** What was seen of each branch of a condition over several arguments, as `role text: outcomes`. */
function seenIn(source: string, ...inputs: readonly JsonObject[]): string[] {
  const seen = new Map<Branch, Set<string>>();
  const compiler = createCelCompiler({
    observer: (branch, outcome) => seen.set(branch, (seen.get(branch) ?? new Set()).add(outcome)),
  });
  const result = compiler.compileCondition(source);
  if (!result.ok) throw new Error(result.diagnostics[0]?.message);
  const frame = compiler.createFrame();
  for (const args of inputs) {
    frame.reset(fakeActivation({ arguments: args }));
    result.expression.evaluate(frame);
  }
  return result.expression.branches!.map(
    (branch) => `${branch.role} ${branch.text}: ${[...(seen.get(branch) ?? [])].sort().join(" ") || "-"}`,
  );
}

describe("branches", () => {
  it("a condition without operators is one branch", () => {
    expect(seenIn("arguments.a > 1.0", { a: 2 }, { a: 0 })).toEqual(["condition arguments.a > 1.0: false true"]);
  });

  it("a term counts only when it was evaluated", () => {
    expect(seenIn("arguments.a == 1.0 && arguments.b == 1.0", { a: 2, b: 1 })).toEqual([
      "condition arguments.a == 1.0 && arguments.b == 1.0: false",
      "term arguments.a == 1.0: false",
      "term arguments.b == 1.0: -",
    ]);
    expect(seenIn("arguments.a == 1.0 || arguments.b == 1.0", { a: 1, b: 1 }).slice(1)).toEqual([
      "term arguments.a == 1.0: true",
      "term arguments.b == 1.0: -",
    ]);
  });

  it("an error is no outcome", () => {
    expect(seenIn("arguments.a || arguments.b", { b: true }).slice(1)).toEqual([
      "term arguments.a: -",
      "term arguments.b: true",
    ]);
  });

  it("chains of one operator are one list of terms; a chain of the other one is a term and has terms", () => {
    expect(
      seenIn("(action_name == 'x' || (arguments.a || arguments.b)) && true", {}).map((b) => b.split(":")[0]),
    ).toEqual([
      'condition (action_name == "x" || (arguments.a || arguments.b)) && true',
      'term action_name == "x" || (arguments.a || arguments.b)',
      'term action_name == "x"',
      "term arguments.a",
      "term arguments.b",
    ]);
  });

  it("a ternary has a test and two arms; an arm that is no boolean is taken or not", () => {
    const source = "(type(arguments.t) == list ? arguments.t : [arguments.t]).exists(v, v == 1.0)";
    expect(seenIn(source, { t: [1] }).slice(1)).toEqual([
      "test type(arguments.t) == list: true",
      "arm arguments.t: taken",
      "arm [arguments.t]: -",
      "predicate v == 1.0: true",
    ]);
    const chosen = "has(arguments.a) ? arguments.a == 1.0 : arguments.b == 1.0";
    expect(seenIn(chosen, { a: 1 }, { b: 2 }).slice(1)).toEqual([
      "test has(arguments.a): false true",
      "arm arguments.a == 1.0: true",
      "arm arguments.b == 1.0: false",
    ]);
  });

  it("what a macro asks of each element counts, and its terms too", () => {
    expect(seenIn("arguments.l.all(v, v > 1.0 && v < 9.0)", { l: [2, 10] }).slice(1)).toEqual([
      "predicate v > 1.0 && v < 9.0: false true",
      "term v > 1.0: true",
      "term v < 9.0: false true",
    ]);
    expect(seenIn("size(arguments.l.map(v, v > 1.0, v)) == 1", { l: [2] })).toContain("predicate v > 1.0: true");
  });

  it("what is constant cannot go another way, and is left out", () => {
    expect(seenIn("has(arguments.a) || 1 == 2", {}).slice(1)).toEqual(["term has(arguments.a): false"]);
  });

  it("begin where they stand in the source", () => {
    const source = "has(arguments.a) &&\n  (arguments.a == 1.0 || arguments.a == 2.0)";
    const compiled = createCelCompiler({ observer: () => {} }).compileCondition(source);
    const starts = compiled.ok
      ? compiled.expression.branches!.map(({ offset }) => source.slice(offset, offset + 6))
      : [];
    expect(starts).toEqual(["has(ar", "has(ar", "argume", "argume", "argume"]);
  });

  it("a compiler without an observer knows none", () => {
    const result = createCelCompiler().compileCondition("has(arguments.a) && arguments.a == 1.0");
    expect(result.ok && "branches" in result.expression).toBe(false);
  });

  const atom = fc.constantFrom(
    ...["arguments.a == 1.0", "arguments.b", "has(arguments.c)", '"agent" in identity.roles', "size(arguments) > 1"],
    ...["arguments.l.exists(v, v == arguments.a)", "arguments.l.all(v, v > 0.0 && v < 3.0)", "true", "1 == 2"],
  );
  const condition = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      atom,
      fc.tuple(tie("node"), fc.constantFrom("&&", "||"), tie("node")).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(tie("node"), tie("node"), tie("node")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      tie("node").map((node) => `!(${node})`),
    ),
  })).node;
  const args = fc.record(
    { a: fc.constantFrom(0, 1, 2, "x"), b: fc.boolean(), c: fc.constant(1), l: fc.array(fc.constantFrom(0, 1, 4)) },
    { requiredKeys: [] },
  );

  it("watching an evaluation does not change what comes out, what is necessary or what is read", () => {
    fc.assert(
      fc.property(condition, args, (source, input) => {
        const [plain, probed] = [createCelCompiler(), createCelCompiler({ observer: () => {} })].map((compiler) => {
          const result = compiler.compileCondition(source);
          if (!result.ok) throw new Error(source);
          const frame = compiler.createFrame();
          frame.reset(fakeActivation({ arguments: input as JsonObject }));
          const { necessary, paths, isVolatile, constant, evaluate } = result.expression;
          return { necessary, paths, isVolatile, constant, value: evaluate(frame) };
        });
        expect(probed).toEqual(plain);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("mutants", () => {
  const told = (source: string) => mutantsOf(source).map(({ operator, source: mutated }) => `${operator}: ${mutated}`);

  it("turn every comparison, drop every term, negate every part that says yes or no", () => {
    expect(told("arguments.a <= 5.0 && has(arguments.b)")).toEqual([
      "negation: !(arguments.a <= 5.0 && has(arguments.b))",
      "dropped-term: has(arguments.b)",
      "comparison: arguments.a > 5.0 && has(arguments.b)",
      "comparison: arguments.a < 5.0 && has(arguments.b)",
      "dropped-term: arguments.a <= 5.0",
      "negation: arguments.a <= 5.0 && !has(arguments.b)",
    ]);
  });

  it("reach into macros and ternaries", () => {
    expect(told("arguments.l.exists(v, (v == 1.0 ? arguments.a : arguments.b) == v)")).toEqual([
      "negation: !arguments.l.exists(v, (v == 1.0 ? arguments.a : arguments.b) == v)",
      "comparison: arguments.l.exists(v, (v == 1.0 ? arguments.a : arguments.b) != v)",
      "comparison: arguments.l.exists(v, (v != 1.0 ? arguments.a : arguments.b) == v)",
    ]);
  });

  it("each compiles, and no two are the same", () => {
    const source = '!(arguments.a in [1.0]) && (action_name == "x" || arguments.l.all(v, v != "y" && !(v == "z")))';
    const mutants = mutantsOf(source);
    expect(new Set(mutants.map((mutant) => mutant.source)).size).toBe(mutants.length);
    for (const mutant of mutants)
      expect(createCelCompiler().compileCondition(mutant.source).ok, mutant.source).toBe(true);
  });
});
