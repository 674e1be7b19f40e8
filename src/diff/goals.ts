import type { ComprehensionNode, LogicNode, Node } from "../cel/ast.ts";
import type { Atom, AtomFactory } from "./atom.ts";
import { elementSamples } from "./element-samples.ts";
import type { Tries } from "./satisfy.ts";
import { substitute } from "./substitute.ts";

/** Atoms that together make a condition come out as wanted. */
export type Goal = readonly Atom[];

export interface Solving {
  readonly atoms: AtomFactory;
  readonly tries: Tries;
  /** Whether a goal has a part that is not in both versions of a rule: such goals come first. */
  isConcerned(goal: Goal): boolean;
  /** Whether one term shall decide alone: the others come out the other way, and are no errors. */
  readonly isIsolating: boolean;
}

/**
 * Ways in which a condition comes out as wanted: an alternative for each term of `||`, each false term of `&&` and so on. Not
 * all of them where there are very many, and some may be impossible.
 */
export function goalsOf(node: Node, want: boolean, solving: Solving): readonly Goal[] {
  const below = (child: Node, wanted: boolean) => goalsOf(child, wanted, solving);
  switch (node.kind) {
    case "literal":
      return node.value === want ? [[]] : [];
    case "not":
      return below(node.operand, !want);
    case "and":
    case "or": {
      const parts = node.terms.map((term) => below(term, want));
      if ((node.kind === "and") === want) return together(parts);
      const opposites = isIsolable(node, solving) ? node.terms.map((term) => below(term, !want)) : [];
      return anyOf([...isolated(parts, opposites), ...parts], solving);
    }
    case "conditional": {
      const whenTrue = together([below(node.test, true), below(node.whenTrue, want)]);
      return anyOf([whenTrue, together([below(node.test, false), below(node.whenFalse, want)])], solving);
    }
    case "bind":
      return below(substitute(node.body, node.variable, node.value), want);
    case "comprehension":
      return comprehensionGoals(node, want, solving);
    default:
      return [[solving.atoms.make(node, want)]];
  }
}

const isIsolable = ({ terms }: LogicNode, { isIsolating }: Solving) => isIsolating && terms.length <= ISOLATED_MAX;

/** Each of the parts with the opposites of the others. */
function isolated(parts: readonly (readonly Goal[])[], opposites: readonly (readonly Goal[])[]): (readonly Goal[])[] {
  return opposites.map((_, alone) =>
    together(opposites.map((goals, at) => (at === alone ? parts[at]! : goals).slice(0, ISOLATED_GOALS_MAX))),
  );
}

function anyOf(parts: readonly (readonly Goal[])[], { isConcerned }: Solving): readonly Goal[] {
  const all = parts.flat();
  return [...all.filter(isConcerned), ...all.filter((goal) => !isConcerned(goal))].slice(0, ALTERNATIVES_MAX);
}

/** With more terms, each goal would become too large. */
const ISOLATED_MAX = 8;
const ISOLATED_GOALS_MAX = 3;
const ALTERNATIVES_MAX = 64;
const COMBINATIONS_MAX = 24;

/** All of them at once: combinations of alternatives, those first that take the first of most. */
export function together(parts: readonly (readonly Goal[])[]): readonly Goal[] {
  let combined: readonly { readonly goal: Goal; readonly rank: number }[] = [{ goal: [], rank: 0 }];
  for (const alternatives of parts) {
    combined = combined
      .flatMap(({ goal, rank }) => alternatives.map((other, at) => ({ goal: [...goal, ...other], rank: rank + at })))
      .sort((a, b) => a.rank - b.rank)
      .slice(0, COMBINATIONS_MAX);
  }
  return combined.map(({ goal }) => goal);
}

/** Over a list of constants it is `||` or `&&` of its elements; else it is an atom with containers to try. */
function comprehensionGoals(node: ComprehensionNode, want: boolean, solving: Solving): readonly Goal[] {
  const { macro, range, body, variables, offset, depth } = node;
  const isLogic = macro === "exists" || macro === "all";
  if (isLogic && range.kind === "list" && variables.length === 1 && range.elements.length > 0) {
    const terms = range.elements.slice(0, ELEMENTS_MAX).map((element) => substitute(body, variables[0]!, element));
    return goalsOf({ kind: macro === "all" ? "and" : "or", terms, offset, depth }, want, solving);
  }
  return [[solving.atoms.make(node, want, () => elementSamples(node, solving))]];
}

const ELEMENTS_MAX = 64;
