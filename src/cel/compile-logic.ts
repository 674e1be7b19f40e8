import type { ConditionalNode, LogicNode, Node } from "./ast.ts";
import { type Compiled, type Context, constant, isConstant, type Run } from "./compiled.ts";
import { conjunctionFacts, disjunctionFacts, type Fact } from "./facts.ts";
import type { EvalFrame } from "./frame.ts";
import { isCelError, NO_SUCH_OVERLOAD } from "./values.ts";

/** Terms of a chain, chains of the same kind in parentheses opened up. */
export function flatten(node: LogicNode): Node[] {
  const terms: Node[] = [];
  const pending: Node[] = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.kind === node.kind) pending.push(...[...next.terms].reverse());
    else terms.push(next);
  }
  return terms;
}

export function compileLogic(node: LogicNode, context: Context): Compiled {
  const all = flatten(node).map((term) => context.compile(term));
  const absorbing = node.kind === "or";
  // `error && false` is false, so one such constant decides, wherever it stands.
  if (all.some((term) => isConstant(term, absorbing))) return constant(absorbing);
  const open = all.filter((term) => !isConstant(term, !absorbing));
  if (open.length === 0) return constant(!absorbing);
  const { terms, facts } = absorbing ? { terms: open, facts: disjunction(open) } : orderConjunction(open);
  const runs = terms.map((term) => term.run);
  return {
    run: absorbing ? anyOf(runs) : allOf(runs),
    isLight: terms.every((term) => term.isLight),
    weight: terms.reduce((sum, term) => sum + term.weight + 1, 0),
    facts,
  };
}

function disjunction(terms: readonly Compiled[]): Fact[] {
  return disjunctionFacts(terms.map((term) => term.facts));
}

/**
 * Light terms first, then the first heavy one that has facts, then the rest: `&&` is commutative, and this way a term
 * whose fact does not hold makes the chain false before anything could run out of fuel. The facts of later heavy terms
 * are given up.
 */
function orderConjunction(open: readonly Compiled[]): { terms: readonly Compiled[]; facts: Fact[] } {
  const light = open.filter((term) => term.isLight);
  const heavy = open.filter((term) => !term.isLight);
  const indexed = heavy.find((term) => term.facts.length > 0);
  const terms =
    indexed === undefined ? [...light, ...heavy] : [...light, indexed, ...heavy.filter((t) => t !== indexed)];
  const sources = indexed === undefined ? light : [...light, indexed];
  return { terms, facts: conjunctionFacts(sources.map((term) => term.facts)) };
}

/** What a term that is neither true nor false makes of a chain. */
function failure(value: unknown): unknown {
  return isCelError(value) ? value : NO_SUCH_OVERLOAD;
}

function allOf(runs: readonly Run[]): Run {
  const [a, b, c] = runs as [Run, Run, Run];
  if (runs.length === 1) return (frame) => asBool(a(frame));
  if (runs.length === 2) return bothOf(a, b);
  if (runs.length === 3) {
    return (frame) => {
      const x = a(frame);
      if (x === false) return false;
      const y = b(frame);
      if (y === false) return false;
      const z = c(frame);
      if (z === false) return false;
      return x !== true ? failure(x) : y !== true ? failure(y) : z !== true ? failure(z) : true;
    };
  }
  return (frame) => {
    let outcome: unknown = true;
    for (let at = 0; at < runs.length; at++) {
      const value = runs[at]!(frame);
      if (value === false) return false;
      if (value !== true && outcome === true) outcome = failure(value);
    }
    return outcome;
  };
}

function bothOf(a: Run, b: Run): Run {
  return (frame) => {
    const x = a(frame);
    if (x === false) return false;
    const y = b(frame);
    if (y === false) return false;
    return x !== true ? failure(x) : y !== true ? failure(y) : true;
  };
}

function anyOf(runs: readonly Run[]): Run {
  const [a, b] = runs as [Run, Run];
  if (runs.length === 1) return (frame) => asBool(a(frame));
  if (runs.length === 2) {
    return (frame) => {
      const x = a(frame);
      if (x === true) return true;
      const y = b(frame);
      if (y === true) return true;
      return x !== false ? failure(x) : y !== false ? failure(y) : false;
    };
  }
  return (frame) => {
    let outcome: unknown = false;
    for (let at = 0; at < runs.length; at++) {
      const value = runs[at]!(frame);
      if (value === true) return true;
      if (value !== false && outcome === false) outcome = failure(value);
    }
    return outcome;
  };
}

function asBool(value: unknown): unknown {
  return typeof value === "boolean" ? value : failure(value);
}

export function compileNot(operand: Compiled): Compiled {
  if (typeof operand.constant?.value === "boolean") return constant(!operand.constant.value);
  const { run, isLight, weight } = operand;
  const negated = (frame: EvalFrame): unknown => {
    const value = run(frame);
    return value === true ? false : value === false ? true : failure(value);
  };
  return { run: negated, isLight, weight: weight + 1, facts: [] };
}

export function compileConditional(node: ConditionalNode, context: Context): Compiled {
  const [test, whenTrue, whenFalse] = [node.test, node.whenTrue, node.whenFalse].map((part) =>
    context.compile(part),
  ) as [Compiled, Compiled, Compiled];
  if (typeof test.constant?.value === "boolean") return test.constant.value ? whenTrue : whenFalse;
  const run = (frame: EvalFrame): unknown => {
    const value = test.run(frame);
    return value === true ? whenTrue.run(frame) : value === false ? whenFalse.run(frame) : failure(value);
  };
  return {
    run,
    isLight: test.isLight && whenTrue.isLight && whenFalse.isLight,
    weight: test.weight + Math.max(whenTrue.weight, whenFalse.weight) + 1,
    facts: [],
  };
}
