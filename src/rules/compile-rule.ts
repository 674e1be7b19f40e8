import type { CelCompiler, CelErrorValue, CompiledExpression, Frame, NecessaryCondition } from "../cel/index.ts";
import { CelError, isCelError } from "../cel/index.ts";
import type { FileReport } from "./diagnostics.ts";
import { compileGlob, type Glob } from "./glob.ts";
import type { RuleCondition, RuleDraft } from "./read-rule-file.ts";
import { digestOf } from "./revision.ts";
import type { Rule } from "./types.ts";
import { sourceOffsetOf } from "./yaml-position.ts";

/** A rule with what the index and the lint need to know beside what others may see of it. */
export interface CompiledRule extends Rule {
  readonly enabled: boolean;
  readonly expression: CompiledExpression | undefined;
  /** Undefined means any; so does a list with `*` in it. */
  readonly typeGlobs: readonly Glob[] | undefined;
  readonly nameGlobs: readonly Glob[] | undefined;
}

/** Compiles a rule's condition. A fault of the condition goes to the report at its place inside the YAML file. */
export function compileRule(compiler: CelCompiler, report: FileReport, draft: RuleDraft): CompiledRule | undefined {
  const expression = draft.when && compileWhen(compiler, report, draft.when);
  if (draft.when !== undefined && expression === undefined) return undefined;
  const typeGlobs = globsOf(draft.actionTypes);
  const nameGlobs = globsOf(draft.actionNames);
  const tests = [
    ...globTest(compiler, "action_type", typeGlobs),
    ...globTest(compiler, "action_name", nameGlobs),
    ...(expression === undefined ? [] : [conditionTest(expression)]),
  ];
  const { offset, when, ...fields } = draft;
  const meaning = { ...fields, ...(when !== undefined && { when: when.source }) };
  return {
    ...meaning,
    digest: digestOf(meaning),
    isVolatile: expression?.isVolatile ?? false,
    position: report.position(offset),
    matches: conjunctionOf(tests.map((test) => test.matches)),
    necessary: tests.flatMap((test) => test.necessary).filter(isSelective),
    expression,
    typeGlobs,
    nameGlobs,
  };
}

type Matcher = (frame: Frame) => boolean | CelErrorValue;

interface Test {
  readonly matches: Matcher;
  readonly necessary: readonly NecessaryCondition[];
}

const NOT_BOOLEAN = new CelError("the condition is not a boolean");

/** @returns undefined when the condition has faults; they are in the report then */
export function compileWhen(compiler: CelCompiler, report: FileReport, when: RuleCondition) {
  const result = compiler.compileCondition(when.source);
  if (result.ok) return result.expression;
  const trimmed = when.node.text.indexOf(when.source);
  for (const fault of result.diagnostics) {
    const offset = sourceOffsetOf(report.source, when.node, trimmed + fault.offset);
    report.error("invalid-condition", offset, fault.message);
  }
  return undefined;
}

/** Every text begins and ends with the empty string: such a condition selects nothing. */
function isSelective({ op, values }: NecessaryCondition): boolean {
  return op === "equals" || op === "contains" || !values.includes("");
}

function conditionTest(expression: CompiledExpression): Test {
  return {
    necessary: expression.necessary,
    matches: (frame) => {
      const value = expression.evaluate(frame);
      return typeof value === "boolean" || isCelError(value) ? value : NOT_BOOLEAN;
    },
  };
}

function globsOf(patterns: readonly string[] | undefined): readonly Glob[] | undefined {
  if (patterns === undefined || patterns.includes("*")) return undefined;
  return patterns.map(compileGlob);
}

/** The test of one glob list; none for "any". */
function globTest(compiler: CelCompiler, path: string, globs: readonly Glob[] | undefined): Test[] {
  if (globs === undefined) return [];
  const slot = compiler.slotOf(path);
  const literals = globs.flatMap((glob) => glob.literal ?? []);
  const isLiteral = literals.length === globs.length;
  const notText = new CelError(`\`${path}\` is not a string`);
  const matches = (frame: Frame): boolean | CelErrorValue => {
    const value = frame.read(slot);
    if (typeof value === "string") {
      for (const glob of globs) if (glob.matches(value)) return true;
      return false;
    }
    if (isCelError(value)) return value;
    // INVARIANT: as `==` would have it, so that the equality condition below stays a necessary one.
    return isLiteral ? false : notText;
  };
  return [{ matches, necessary: globConditions(slot, path, globs, literals) }];
}

function globConditions(
  slot: number,
  path: string,
  globs: readonly Glob[],
  literals: readonly string[],
): NecessaryCondition[] {
  const base = { slot, path, absent: "unknown" } as const;
  if (literals.length === globs.length) return [{ ...base, op: "equals", values: literals }];
  const conditions: NecessaryCondition[] = [];
  if (globs.every((glob) => glob.prefix !== ""))
    conditions.push({ ...base, op: "prefix", values: globs.map((glob) => glob.prefix) });
  if (globs.every((glob) => glob.suffix !== ""))
    conditions.push({ ...base, op: "suffix", values: globs.map((glob) => glob.suffix) });
  return conditions;
}

/**
 * `&&` as CEL has it: any false term makes it false whatever the others do; else the first error; else true. The terms
 * are ordered cheapest first.
 */
function conjunctionOf(terms: readonly Matcher[]): Matcher {
  const [first, second] = terms;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  return (frame) => {
    let error: CelErrorValue | undefined;
    for (const term of terms) {
      const result = term(frame);
      if (result === false) return false;
      if (result !== true) error ??= result;
    }
    return error ?? true;
  };
}
