import type { ComprehensionNode, Node } from "../cel/ast.ts";
import type { ValuesByPath } from "./atom.ts";
import { type Assignment, assigned, toCandidate, type Value } from "./candidate.ts";
import { type Goal, goalsOf, type Solving } from "./goals.ts";
import { pathKey, pathsIn } from "./input-path.ts";
import { satisfy } from "./satisfy.ts";
import { standIn, standInKey, substitute } from "./substitute.ts";

/**
 * Containers to try for what a comprehension goes over: with an element for which its body is true, with one for which it is
 * false, with both, with elements around the constants of the body, and with what the body says of other paths at the same
 * time.
 */
export function elementSamples(node: ComprehensionNode, solving: Solving): ValuesByPath {
  const body = node.variables.reduce((tree, name) => substitute(tree, name, standIn(name)), node.body);
  const [matching = [], others = []] = [true, false].map((want) => solutionsOf(body, want, solving));
  const members = [matching, others].map((solutions) => solutions.map(({ assignment }) => membersOf(node, assignment)));
  const both = members[0]!.flatMap((a) => members[1]!.slice(0, 1).map((b) => [...a, ...b]));
  const varied = [...matching, ...others].flatMap(variants).map((assignment) => membersOf(node, assignment));
  const containers = [...members.flat(), ...both, ...varied].flatMap(containersOf);

  const samples = new Map<string, Value[]>();
  const add = (key: string, values: readonly Value[]) => samples.set(key, [...(samples.get(key) ?? []), ...values]);
  for (const path of pathsIn(node.range)) add(pathKey(path), containers);
  for (const { assignment } of [...matching, ...others])
    for (const { path, value } of assignment.values()) add(pathKey(path), [value]);
  return samples;
}

interface Solution {
  readonly goal: Goal;
  readonly assignment: Assignment;
}

function solutionsOf(body: Node, want: boolean, solving: Solving): Solution[] {
  const goals = [false, true].map((isIsolating) =>
    goalsOf(body, want, { ...solving, isIsolating }).slice(0, GOALS_MAX),
  );
  return goals.flat().flatMap((goal) => {
    const assignment = satisfy(goal, solving.tries);
    return assignment === undefined ? [] : [{ goal, assignment }];
  });
}

const GOALS_MAX = 6;

/** Other values at one path at a time. */
function variants({ goal, assignment }: Solution): Assignment[] {
  return [...assignment.values()].flatMap(({ path }) =>
    goal.flatMap((atom) => atom.values(path).slice(0, VALUES_MAX)).map((value) => assigned(assignment, path, value)),
  );
}

const VALUES_MAX = 8;

interface Member {
  /** Of a map; undefined where nothing is said of it. */
  readonly key: Value;
  /** Of a list or a map. */
  readonly value: Value;
}

/** The one element that an assignment to the stand-ins of the variables is about. */
function membersOf({ variables }: ComprehensionNode, assignment: Assignment): Member[] {
  const context = (toCandidate(assignment)?.activation.context ?? {}) as Record<string, Value>;
  const [first, second] = variables.map((name) => context[standInKey(name)]);
  if (variables.length === 2) return [{ key: first, value: second === undefined ? "x" : second }];
  return first === undefined ? [] : [{ key: first, value: first }];
}

/** As a list, as a map where the keys can be some, and what stands in them alone. */
function containersOf(members: readonly Member[]): Value[] {
  const keys = members.map(({ key }, at) => (key === undefined ? `k${at}` : key));
  const list = members.map(({ value }) => value);
  const map = keys.every((key) => typeof key === "string")
    ? [Object.fromEntries(keys.map((key, at) => [key, list[at]]))]
    : [];
  return [...map, list, ...list];
}
