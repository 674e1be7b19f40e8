import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { activation, expression, onCommands } from "../../test/cel-expressions.ts";
import { createCelCompiler } from "./compiler.ts";
import type { EvalFrame } from "./frame.ts";
import { loadParsersFor } from "./functions-parsers.ts";
import type { Frame, NecessaryCondition } from "./types.ts";
import { isCelError } from "./values.ts";

beforeAll(() => loadParsersFor(["shell("]));

/** Whether the index would skip an expression because of a condition, exactly as `NecessaryCondition` words it. */
function skips(condition: NecessaryCondition, frame: Frame): boolean {
  const value = frame.read(condition.slot);
  const isAbsent = condition.absent === "false";
  if (isCelError(value)) return isAbsent;
  switch (condition.op) {
    case "equals":
      return !condition.values.includes(value as string);
    case "prefix":
      return typeof value === "string" ? !condition.values.some((part) => value.startsWith(part)) : isAbsent;
    case "suffix":
      return typeof value === "string" ? !condition.values.some((part) => value.endsWith(part)) : isAbsent;
    case "contains":
      return Array.isArray(value) ? !condition.values.some((part) => value.includes(part)) : isAbsent;
  }
}

describe("necessary conditions", () => {
  it("never lets the index skip an expression that is true or an error", () => {
    const compiler = createCelCompiler();
    const frame = compiler.createFrame();
    let conditions = 0;
    let skipped = 0;
    fc.assert(
      fc.property(expression, fc.array(activation, { minLength: 3, maxLength: 3 }), (source, activations) => {
        const result = compiler.compileCondition(source);
        if (!result.ok) return;
        for (const candidate of activations) {
          frame.reset(candidate);
          const outcome = result.expression.evaluate(frame);
          for (const condition of result.expression.necessary) {
            conditions += 1;
            if (!skips(condition, frame)) continue;
            skipped += 1;
            const what = `${source} with ${JSON.stringify(condition)}`;
            expect(outcome, what).toBe(false);
            // Whatever other rules have spent before.
            (frame as EvalFrame).decisionFuel = 0;
            expect(result.expression.evaluate(frame), what).toBe(false);
          }
        }
      }),
      { numRuns: Number(process.env.NECESSARY_RUNS ?? 3000) },
    );
    // A generator that never makes a condition fail would prove nothing.
    expect(conditions).toBeGreaterThan(500);
    expect(skipped).toBeGreaterThan(100);
  });

  it("changes no outcome: what is looked at first decides only where all of it would have come out the same", () => {
    const compiler = createCelCompiler();
    const plain = createCelCompiler({ observer: () => {} });
    const outcomes = { true: 0, false: 0, error: 0 };
    const asText = (value: unknown) => (isCelError(value) ? "error" : String(value)) as keyof typeof outcomes;
    fc.assert(
      fc.property(onCommands, fc.array(activation, { minLength: 3, maxLength: 3 }), (source, activations) => {
        const [result, reference] = [compiler.compileCondition(source), plain.compileCondition(source)];
        if (!result.ok || !reference.ok) throw new Error(`${source}: ${JSON.stringify(result)}`);
        for (const candidate of activations) {
          const [found, expected] = [compiler, plain].map((of, nth) => {
            const frame = of.createFrame();
            frame.reset(candidate);
            return asText([result, reference][nth]!.expression.evaluate(frame));
          }) as [keyof typeof outcomes, keyof typeof outcomes];
          outcomes[found] += 1;
          expect(found, `${source} of ${JSON.stringify(candidate.arguments)}`).toBe(expected);
        }
      }),
      { numRuns: Number(process.env.NECESSARY_RUNS ?? 3000) },
    );
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(100);
  });

  function necessary(source: string) {
    const result = createCelCompiler().compileCondition(source);
    if (!result.ok) throw new Error(result.diagnostics[0]?.message);
    return result.expression.necessary.map(({ path, op, values, absent }) => [path, op, values, absent]);
  }

  it.each([
    ['arguments.t == "x"', [["arguments.t", "equals", ["x"], "unknown"]]],
    ['has(arguments.t) && arguments.t == "x"', [["arguments.t", "equals", ["x"], "false"]]],
    ['arguments.t == "x" && has(arguments.t)', [["arguments.t", "equals", ["x"], "false"]]],
    ['arguments.t in ["x", "y"]', [["arguments.t", "equals", ["x", "y"], "unknown"]]],
    ['arguments.t == "x" || arguments.t == 2', [["arguments.t", "equals", ["x", 2], "unknown"]]],
    ['"ops" in identity.roles', [["identity.roles", "contains", ["ops"], "unknown"]]],
    ['"a" in user_roles || "b" in user_roles', [["identity.roles", "contains", ["a", "b"], "unknown"]]],
    ['dest_scheme == "https"', [["destination.scheme", "equals", ["https"], "false"]]],
    [
      'glob("stripe.*.refund", action_name)',
      [
        ["action_name", "prefix", ["stripe."], "unknown"],
        ["action_name", "suffix", [".refund"], "unknown"],
      ],
    ],
    ['action_name.matches("^db\\\\.drop")', [["action_name", "prefix", ["db.drop"], "unknown"]]],
    ["has(arguments.a.b) && arguments.a.b == 1", [["arguments.a.b", "equals", [1], "unknown"]]],
    ['has(arguments.t) && arguments.t.startsWith("x")', [["arguments.t", "prefix", ["x"], "unknown"]]],
    ['has(destination.url) && destination.url.startsWith("x")', [["destination.url", "prefix", ["x"], "false"]]],
    [
      'shell(arguments.c).commands.exists(c, size(c.args) > 0 && c.program == "rm")',
      [["shell(#0)", "contains", ["program rm"], "unknown"]],
    ],
    [
      'cel.bind(s, shell(command_line(arguments, dest_command)), s.commands.exists(c, c.program in ["a", "b"]) || s.commands.exists(c, c.program == "c"))',
      [["shell(command_line(#0, #1))", "contains", ["program a", "program b", "program c"], "unknown"]],
    ],
    [
      'shell(arguments.c).commands.exists(c, cel.bind(a, c.args.join(" "), c.program == "aws" && a.matches("x")))',
      [["shell(#0)", "contains", ["program aws"], "unknown"]],
    ],
    ["shell(arguments.c).has_pipe", [["shell(#0)", "contains", ["has_pipe"], "unknown"]]],
    ['shell(arguments.c).writes.exists(f, f == "x")', [["shell(#0)", "contains", ["writes"], "unknown"]]],
    [
      'dest_domain_matches(dest_domain, "*.Example.com.")',
      [["domain(destination.domain)", "suffix", [".example.com"], "false"]],
    ],
  ])("finds what %s needs", (source, expected) => {
    expect(necessary(source)).toEqual(expected);
  });

  it("gives up the facts of all but one term that can run out of fuel, and evaluates that one first", () => {
    const heavyTerm = (path: string) =>
      `(size(arguments.list) > 0 && ${path} == "x" || ${path} == "y" && size(arguments.list) > 1)`;
    const source = `size(arguments.list) > 2 && ${heavyTerm("arguments.a")} && ${heavyTerm("arguments.b")}`;
    expect(necessary(source)).toEqual([["arguments.a", "equals", ["x", "y"], "unknown"]]);
    const light = `${source} && arguments.c == 1`;
    expect(necessary(light).map(([path]) => path)).toEqual(["arguments.c", "arguments.a"]);
  });

  it.each([
    '!(arguments.t == "x")',
    'arguments.t != "x"',
    'arguments.t == "x" || arguments.u == "x"',
    'arguments.t == "x" || true in [arguments.u]',
    "arguments.t == null",
    "arguments.t == 9007199254740993",
    "arguments.t",
    'arguments.list.exists(t, t == "x")',
    'arguments.t == "x" ? arguments.u : false',
    'cel.bind(t, arguments.t, t == "x")',
    "shell(session.id).has_pipe",
    'shell(arguments.c).commands.all(c, c.program == "rm")',
    '!shell(arguments.c).commands.exists(c, c.program == "rm")',
    'cel.bind(z, arguments.z, shell(arguments.c).commands.exists(c, c.program == "rm"))',
    'shell("a " + arguments.c).commands.exists(c, c.program == "rm")',
    'shell(arguments.c).commands.exists(c, c.program == "rm") || shell(arguments.d).commands.exists(c, c.program == "rm")',
  ])("claims nothing of %s", (source) => {
    expect(necessary(source)).toEqual([]);
  });
});
